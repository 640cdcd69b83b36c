#include "arguments.hpp"
#include "commands.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Whether the process is a model-server that serves gRPC, not one of the other subcommands.
bool serves(const std::filesystem::path& process) {
  if (content_of(process / "comm") != "model-server\n") {
    return false;
  }
  const std::string line = content_of(process / "cmdline");  // words, each with a NUL behind it
  const std::size_t first_end = line.find('\0');
  if (first_end == std::string::npos) {
    return false;  // a zombie has no words any more
  }
  const std::string second = line.c_str() + first_end + 1;
  return second.empty() || second.starts_with("--");
}

}  // namespace

int fault(int count, char** words) {
  static const std::map<std::string, int> signals = {
      {"stop", SIGSTOP}, {"continue", SIGCONT}, {"hang", SIGUSR1}, {"kill", SIGKILL}};
  const auto chosen = count == 1 ? signals.find(words[0]) : signals.end();
  if (chosen == signals.end()) {
    std::fputs("model-server: expected fault stop, continue, hang or kill\n", stderr);
    return 2;
  }
  int sent = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid() || !serves(entry.path())) {
      continue;
    }
    if (::kill(pid, chosen->second) == 0) {
      say("fault " + chosen->first + ": process " + std::to_string(pid));
      ++sent;
    } else {
      std::perror("model-server: kill");
    }
  }
  if (sent == 0) {
    std::fputs("model-server: found no model-server that serves\n", stderr);
  }
  return sent > 0 ? 0 : 1;
}

int append(int count, char** words) {
  if (count != 2) {
    std::fputs("model-server: expected append FILE TEXT\n", stderr);
    return 2;
  }
  std::ofstream file(words[0], std::ios::app);
  file << words[1] << '\n';
  file.close();
  if (!file) {
    std::fprintf(stderr, "model-server: cannot write %s\n", words[0]);
    return 1;
  }
  return 0;
}
