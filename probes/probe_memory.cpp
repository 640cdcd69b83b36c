#include "probes/probe_memory.hpp"

namespace podmedic::probes {

probe_memory::probe_memory(std::string file) : file_(std::move(file)) {
  if (file_.empty()) return;
  auto read = read_file(file_, 64 * 1024);
  if (auto* text = std::get_if<std::string>(&read)) kept_ = std::move(*text);
}

std::string probe_memory::keep(const std::string& text) {
  if (file_.empty() || text == kept_) return {};
  const file_error failed = write_durably(file_, text);
  if (failed.code != 0) return failed.message;
  kept_ = text;
  return {};
}

}  // namespace podmedic::probes
