#pragma once
#include <string>
#include <string_view>

/// The admission policies of deploy/injection, written from what `podmedic inject` writes into manifests.
namespace podmedic::injection {

/// A template (*.yaml.in) with all of its @names@ filled in. Throws std::logic_error for a name that is not known.
std::string admission_policy(std::string_view from_template);

}  // namespace podmedic::injection
