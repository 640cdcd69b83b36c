#pragma once
#include "probes/probe.hpp"

namespace podmedic::test {

/// The processes that a test gives.
struct given_processes final : probes::pod_processes {
  std::variant<container_processes, diagnosis> given = diagnosis{"NoProcess", "the test gave none"};

  std::variant<const container_processes*, diagnosis> of(const std::string&) const override {
    if (const auto* why = std::get_if<diagnosis>(&given)) return *why;
    return &std::get<container_processes>(given);
  }
};

}  // namespace podmedic::test
