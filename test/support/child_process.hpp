#pragma once
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace podmedic::test {

/// A program that runs beside the test, with only this environment, until it is stopped.
class child_process {
 public:
  explicit child_process(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
    const auto pointers = [](std::vector<std::string>& words) {
      std::vector<char*> found;
      for (std::string& word : words) found.push_back(word.data());
      found.push_back(nullptr);
      return found;
    };
    const std::vector<char*> argv = pointers(arguments);
    const std::vector<char*> envp = pointers(environment);
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::execve(argv[0], argv.data(), envp.data());
      ::_exit(127);
    }
    ::setpgid(pid_, pid_);  // in both, so that it holds from here on whoever is first
  }
  ~child_process() { stop(); }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  pid_t pid() const { return pid_; }
  /// Waits for its end; as waitpid(2).
  int wait() {
    int status = 0;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }
  void stop() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    wait();
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace podmedic::test
