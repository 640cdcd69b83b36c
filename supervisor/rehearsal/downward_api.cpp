#include "supervisor/rehearsal/downward_api.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace podmedic::rehearsal {
namespace {

std::string go_quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c == '\r') {
      result += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      result.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace

std::string downward_map_text(const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [key, value] : values) text += key + "=" + go_quoted(value) + "\n";
  return text;
}

std::string write_downward_volume(const std::string& directory, const std::map<std::string, std::string>& files) {
  namespace fs = std::filesystem;
  const fs::path root(directory);
  const fs::path data_name = "..rehearsed_1";
  std::error_code error;
  const auto failed = [&](const fs::path& on) { return "write " + on.string() + ": " + error.message(); };
  fs::create_directories(root / data_name, error);
  if (error) return failed(root / data_name);
  for (const auto& [path, content] : files) {
    const fs::path file = root / data_name / path;
    fs::create_directories(file.parent_path(), error);
    std::ofstream out(file, std::ios::binary);
    out << content;
    if (!out.flush()) return "write " + file.string() + ": failed";
  }
  fs::create_symlink(data_name, root / "..data_tmp", error);
  if (!error) fs::rename(root / "..data_tmp", root / "..data", error);
  if (error) return failed(root / "..data");
  for (const auto& [path, content] : files) {
    const fs::path top = *fs::path(path).begin();  // a link for each first name, as the kubelet makes
    if (fs::is_symlink(root / top)) continue;
    fs::create_symlink(fs::path("..data") / top, root / top, error);
    if (error) return failed(root / top);
  }
  return {};
}

}  // namespace podmedic::rehearsal
