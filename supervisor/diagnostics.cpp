#include "supervisor/diagnostics.hpp"

#include "base/clock.hpp"
#include "base/utf8.hpp"
#include "supervisor/policy/evidence.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace podmedic {
namespace {

using nlohmann::json;
constexpr std::string_view about_file = "about.json";
constexpr std::size_t max_about = 64 * 1024;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
  while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

/// Regular files alone: no link leads out of the directory.
std::optional<std::uint64_t> size_of(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  return static_cast<std::uint64_t>(found.st_size);
}

/// The directory and its files: podmedic makes no directories in it.
void remove_with_files(const std::string& directory) {
  for (const std::string& name : names_in(directory)) {
    if (name != "." && name != "..") ::unlink((directory + "/" + name).c_str());
  }
  ::rmdir(directory.c_str());
}

std::optional<std::string> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return std::nullopt;
  return errno_text("mkdir", path, errno);
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<std::string> diagnostics::begin(const subject& about, std::uint64_t free_bytes) {
  gathers_ = false;
  bytes_ = 0;
  if (auto error = make_directory(directory_)) return error;
  remove_with_files(gathering());
  struct statvfs volume{};
  if (::statvfs(directory_.c_str(), &volume) != 0) return errno_text("statvfs", directory_, errno);
  const std::uint64_t available = std::uint64_t{volume.f_bavail} * volume.f_frsize;
  if (available < free_bytes + policy::evidence_bounds::of_restart) {
    return fmt::format("{}: only {} MiB are free, and the ledger comes first", directory_, available / (1024 * 1024));
  }
  if (auto error = make_directory(gathering())) return error;
  gathers_ = true;
  const json written = {{"at", to_rfc3339(about.at)}, {"scope", about.scope},
                        {"probe", about.probe},       {"reason", about.reason},
                        {"message", about.message},   {"firstOfChain", about.first_of_chain}};
  return keep(std::string(about_file), written.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

std::optional<std::string> diagnostics::keep(const std::string& name, std::string content) {
  if (!gathers_) return std::nullopt;  // begin() has said why
  const std::size_t room = policy::evidence_room(bytes_);
  if (content.size() > room) {
    const std::string cut =
        fmt::format("\n[podmedic: cut; at most {} KiB of a file and {} KiB of a restart are kept]\n",
                    policy::evidence_bounds::of_file / 1024, policy::evidence_bounds::of_restart / 1024);
    if (room < cut.size()) return std::nullopt;  // the file before it says so
    content.resize(room - cut.size());
    content += cut;
  }
  const file_error error = write_durably(gathering() + "/" + name, content);
  if (error.code != 0) return error.message;
  bytes_ += content.size();
  return std::nullopt;
}

std::optional<std::string> diagnostics::restarts() {
  if (!gathers_) return std::nullopt;
  gathers_ = false;
  std::vector<kept> all = list();
  if (all.empty() || all.back().number != 0) return std::nullopt;  // somebody removed it
  kept& latest = all.back();
  latest.number = all.size() > 1 ? all[all.size() - 2].number + 1 : 1;
  const std::string name = directory_ + "/" + policy::evidence_name(latest.number, latest.about.reason);
  if (::rename(latest.directory.c_str(), name.c_str()) != 0) return errno_text("rename", latest.directory, errno);
  std::vector<policy::evidence> kept_now;
  for (const kept& each : all) kept_now.push_back({each.number, each.bytes, each.about.first_of_chain});
  for (const std::uint64_t number : policy::evidence_to_remove(std::move(kept_now))) {
    for (const kept& each : all) {
      if (each.number == number) remove_with_files(each.directory);
    }
  }
  return std::nullopt;
}

diagnostics::kept diagnostics::look_at(std::uint64_t number, const std::string& name) const {
  kept found;
  found.number = number;
  found.directory = directory_ + "/" + name;
  for (const std::string& each : names_in(found.directory)) {
    const auto bytes = size_of(found.directory + "/" + each);
    if (!bytes) continue;
    found.bytes += *bytes;
    if (each != about_file && !each.ends_with(".tmp")) found.files.push_back({each, *bytes});
  }
  const auto text = read_file(found.directory + "/" + std::string(about_file), max_about);
  const auto* content = std::get_if<std::string>(&text);
  const json about = json::parse(content != nullptr ? *content : "", nullptr, false);
  if (about.is_object()) {
    found.at = text_of(about, "at");
    found.about.scope = text_of(about, "scope");
    found.about.probe = text_of(about, "probe");
    found.about.reason = text_of(about, "reason");
    found.about.message = text_of(about, "message");
    const auto first = about.find("firstOfChain");
    found.about.first_of_chain = first != about.end() && first->is_boolean() && first->get<bool>();
  } else if (number != 0) {
    found.about.reason = name.substr(name.find('-') + 1);
  }
  return found;
}

std::vector<diagnostics::kept> diagnostics::list() const {
  std::vector<kept> all;
  struct stat called_off{};
  for (const std::string& name : names_in(directory_)) {
    if (const auto number = policy::evidence_number(name)) all.push_back(look_at(*number, name));
  }
  std::sort(all.begin(), all.end(), [](const kept& a, const kept& b) { return a.number < b.number; });
  if (::lstat(gathering().c_str(), &called_off) == 0 && S_ISDIR(called_off.st_mode)) {
    all.push_back(look_at(0, "called-off"));
  }
  return all;
}

std::variant<std::string, file_error> diagnostics::read(const kept& of, std::string_view name) const {
  const bool listed =
      std::any_of(of.files.begin(), of.files.end(), [&](const file& each) { return each.name == name; });
  const std::string path = of.directory + "/" + std::string(name);
  if (!listed) return file_error{ENOENT, errno_text("open", path, ENOENT)};
  return read_file(path, policy::evidence_bounds::of_file);
}

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto next = first_character(text);
    const bool plain = next && (!is_control_character(next->code) || next->code == '\n' || next->code == '\t');
    const std::size_t length = next ? next->length : 1;
    if (plain) {
      shown += text.substr(0, length);
    } else {
      shown += '?';
    }
    text.remove_prefix(length);
  }
  return shown;
}

}  // namespace podmedic
