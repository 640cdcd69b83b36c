// What /proc, cgroups and recorded samples may hold: nothing crashes, and a sample that is read is written back the
// same.
#include "probes/cgroup_memory.hpp"
#include "probes/descriptors.hpp"
#include "probes/log_tail_judge.hpp"
#include "probes/memory_judge.hpp"
#include "probes/process_judge.hpp"
#include "probes/task_stat.hpp"

#include <cstdlib>
#include <stdexcept>

namespace {

using namespace podmedic;
using namespace podmedic::probes;

template <class Sample, class Judge>
void try_sample(std::string_view line, Judge judge) {
  try {
    const Sample sample = Sample::parse(line);
    const std::string written = sample.to_text();
    if (Sample::parse(written).to_text() != written) std::abort();
    for (const int at : {0, 1000, 100'000}) judge.judge(sample, milliseconds(at));
  } catch (const std::invalid_argument&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  parse_fd_info(text);
  parse_task_stat(text);
  number_in_lines(text, "voluntary_ctxt_switches");
  open_files_limit_in(text);
  parse_bytes(text);
  for (const bool v2 : {false, true}) parse_memory_stat(text, v2);
  const std::size_t half = size / 2;
  if (const auto found = find_memory_cgroup(text.substr(0, half), text.substr(half));
      found && found->directory.size() > size) {
    std::abort();
  }
  const milliseconds second{1000};
  try_sample<log_tail_sample>(text, log_tail_judge({"/log", 10, second}));
  try_sample<process_sample>(text, process_judge({.must_exist = true,
                                                  .max_open_files = 5,
                                                  .max_open_files_share = 0.5,
                                                  .max_threads = 5,
                                                  .spinning_after = second,
                                                  .uninterruptible_after = second}));
  try_sample<memory_sample>(text, memory_judge({.max_usage = 0.5, .time_to_limit = second, .window = second}));
  return 0;
}
