#include "base/launch.hpp"

#include "base/warden.hpp"

// Boost 1.81's process headers use these without including them.
#include <boost/asio/detail/throw_error.hpp>
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>

#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace podmedic {
namespace {

namespace process_v2 = boost::process::v2;
using boost::system::error_code;

constexpr std::string_view path_prefix = "PATH=";
constexpr std::string_view usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What happens in the child between fork and exec: only system calls. Boost 1.81's launcher itself closes no inherited
/// descriptors, and ends a child that could not exec by exit(), which would run our destructors in it.
struct in_the_child {
  int input;
  int output;
  strays its_own;

  template <class Launcher>
  error_code on_exec_setup(Launcher&, const std::filesystem::path&, const char* const*(&)) {
    if (::setpgid(0, 0) != 0) return error_code(errno, boost::system::system_category());
    if (its_own == strays::end_with_it && !become_warden()) return error_code(errno, boost::system::system_category());
    sigset_t none;
    ::sigemptyset(&none);
    ::signal(SIGPIPE, SIG_DFL);  // an ignored signal stays ignored through exec
    const bool done = ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0 && ::dup2(input, STDIN_FILENO) >= 0 &&
                      ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(output, STDERR_FILENO) >= 0 &&
                      ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                      ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    return done ? error_code() : error_code(errno, boost::system::system_category());
  }
  // Called after the launcher has told the parent why. Variadic, because 1.81 asks for one signature and calls another.
  template <class... Arguments>
  void on_exec_error(Arguments&&...) {
    ::_exit(127);
  }
};

/// Where the program lies; the name itself where it has a slash, empty where it is in none of the directories.
std::string find_program(const std::string& name, std::string_view path) {
  if (name.find('/') != std::string::npos) return name;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string candidate = std::string(path.substr(0, end)) + "/" + name;
    path.remove_prefix(std::min(end + 1, path.size()));
    if (candidate.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

/// The value of PATH in `environment`; where it has none, ours (or the usual one) is added.
std::string add_path(std::vector<std::string>& environment) {
  for (const std::string& variable : environment) {
    if (variable.starts_with(path_prefix)) return variable.substr(path_prefix.size());
  }
  const char* own = std::getenv("PATH");
  const std::string path(own != nullptr ? own : usual_path);
  environment.push_back(std::string(path_prefix) + path);
  return path;
}

/// Forks and executes; the pid, or nothing and the error.
pid_t fork_and_exec(const boost::asio::any_io_executor& executor, const std::string& program,
                    const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                    in_the_child setup, error_code& error) {
  std::vector<const char*> variables;
  for (const std::string& variable : environment) variables.push_back(variable.c_str());
  variables.push_back(nullptr);

  process_v2::posix::default_launcher launcher;
  launcher.env = variables.data();
  try {
    auto process = launcher(executor, error, std::filesystem::path(program), arguments, setup);
    // Out of the object, whose destructor would wait for the process, and block the loop.
    const auto dropped = std::move(process.handle());
  } catch (const boost::system::system_error& no_descriptor) {  // from the pidfd_open inside
    error = no_descriptor.code();
    if (launcher.pid > 0) ::kill(-launcher.pid, SIGKILL);
  }
  if (!error) return launcher.pid;
  if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);  // it ends at once; 1.81 does not reap it
  return 0;
}

}  // namespace

std::variant<launched, std::string> launch(boost::asio::any_io_executor executor,
                                           const std::vector<std::string>& arguments,
                                           std::vector<std::string> environment, strays its_own) {
  if (arguments.empty() || arguments[0].empty()) return "start: no program is given";
  const std::string path = add_path(environment);
  const std::string program = find_program(arguments[0], path);
  if (program.empty()) return "start " + arguments[0] + ": no such program in PATH (" + path + ")";

  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_text("make a pipe for", program, errno);
  launched child{.output = unique_fd(ends[0])};
  const unique_fd output_of_child(ends[1]);
  const unique_fd input_of_child(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!input_of_child) return errno_text("open", "/dev/null", errno);
  ::fcntl(child.output.get(), F_SETFL, O_NONBLOCK);

  error_code error;
  const in_the_child setup{input_of_child.get(), output_of_child.get(), its_own};
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  child.pid = fork_and_exec(executor, program, rest, environment, setup, error);
  if (error) return errno_text("start", program, error.value());
  child.exited = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (!child.exited) {
    const int reason = errno;
    ::kill(-child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    return errno_text("watch", program, reason);
  }
  return child;
}

}  // namespace podmedic
