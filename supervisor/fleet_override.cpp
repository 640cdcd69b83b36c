#include "supervisor/fleet_override.hpp"

#include "base/files.hpp"
#include "supervisor/config/annotation_names.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace podmedic {

bool fleet_override::mounted() const {
  struct stat found{};
  return ::stat(directory_.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

void fleet_override::read(mistakes& found) {
  constexpr std::size_t most_bytes = 256 * 1024;
  config::annotations now;
  for (const std::string_view name :
       {config::annotation::mode, config::annotation::policy, config::annotation::paused_until}) {
    const std::string annotation(name);
    const std::string path = directory_ + '/' + annotation.substr(config::annotation::domain.size());
    auto content = read_file(path, most_bytes);
    if (auto* text = std::get_if<std::string>(&content)) {
      while (text->ends_with('\n')) text->pop_back();
      now.emplace(annotation, std::move(*text));
      continue;
    }
    const auto& error = std::get<file_error>(content);
    if (error.code == ENOENT || error.code == ENOTDIR) continue;
    found.push_back({.source = annotation, .field = {}, .message = error.message});
    if (const auto before = values_.find(annotation); before != values_.end()) now.insert(*before);
  }
  values_ = std::move(now);
}

config::annotations fleet_override::over(config::annotations of_pod) const {
  for (const auto& [name, value] : values_) of_pod.insert_or_assign(name, value);
  return of_pod;
}

}  // namespace podmedic
