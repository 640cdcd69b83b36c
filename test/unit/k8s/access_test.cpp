#include "k8s/access.hpp"

#include "test/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace podmedic::k8s {
namespace {

void set_service(const char* host, const char* port) {
  host == nullptr ? ::unsetenv("KUBERNETES_SERVICE_HOST") : ::setenv("KUBERNETES_SERVICE_HOST", host, 1);
  port == nullptr ? ::unsetenv("KUBERNETES_SERVICE_PORT") : ::setenv("KUBERNETES_SERVICE_PORT", port, 1);
}

struct directories {
  test::temporary_directory directory;
  std::string own = directory.file("own");
  std::string usual = directory.file("usual");
  void fill(const std::string& which, const std::string& name_space) const {
    directory.write(which + "/token", "t");
    directory.write(which + "/namespace", name_space);
  }
  std::variant<access, no_access> find() const { return find_access(own, usual); }
};

TEST(access, is_found_in_podmedics_own_volume_before_the_usual_place) {
  set_service("10.96.0.1", "443");
  const directories where;
  where.fill("usual", "fleet\n");
  const auto usual = std::get<access>(where.find());
  EXPECT_EQ(usual.directory, where.usual);
  EXPECT_EQ(usual.host, "10.96.0.1");
  EXPECT_EQ(usual.port, 443);
  EXPECT_EQ(usual.name_space, "fleet");
  where.fill("own", "fleet");
  EXPECT_EQ(std::get<access>(where.find()).directory, where.own);
}

TEST(access, that_was_not_given_is_a_state_with_a_reason) {
  const directories where;
  const auto why = [&] { return std::get<no_access>(where.find()).why; };
  set_service(nullptr, nullptr);
  EXPECT_EQ(why(), "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  set_service("10.96.0.1", "https");
  EXPECT_EQ(why(), "KUBERNETES_SERVICE_PORT is no port");
  set_service("10.96.0.1", "0");
  EXPECT_EQ(why(), "KUBERNETES_SERVICE_PORT is no port");
  set_service("10.96.0.1", "443");
  EXPECT_EQ(why(), "there is no token in " + where.own + " or " + where.usual);  // automount is off
  where.directory.write("own/token", "t");
  EXPECT_EQ(why(), "open " + where.own + "/namespace: No such file or directory");
  where.directory.write("own/namespace", "\n");
  EXPECT_EQ(why(), where.own + "/namespace is empty");
}

TEST(token_file, is_read_again_when_the_kubelet_has_swapped_its_directory) {
  const test::temporary_directory volume;  // as a projected volume: token -> ..data/token, ..data -> ..TIMESTAMP
  volume.write("..one/token", "first\n");
  volume.write("..two/token", "other");  // of the same length: size tells nothing
  std::filesystem::create_directory_symlink("..one", volume.file("..data"));
  std::filesystem::create_symlink("..data/token", volume.file("token"));
  token_file file(volume.file("token"));
  EXPECT_EQ(file.token(), "first");
  std::filesystem::create_directory_symlink("..two", volume.file("..new"));
  std::filesystem::rename(volume.file("..new"), volume.file("..data"));
  EXPECT_EQ(file.token(), "other");
}

TEST(token_file, that_is_written_in_place_is_read_again_too) {
  const test::temporary_directory directory;
  token_file file(directory.write("token", "first"));
  EXPECT_EQ(file.token(), "first");
  directory.write("token", "second");
  std::filesystem::last_write_time(directory.file("token"),
                                   std::filesystem::file_time_type::clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(file.token(), "second");
}

TEST(token_file, holds_no_token_where_sending_it_could_add_a_header) {
  const std::string contents[] = {"", " \n", "a b", "a\r\nx-evil: 1", std::string("a\0b", 3), "tök"};
  for (const std::string& content : contents) {
    const test::temporary_directory directory;
    token_file file(directory.write("token", content));
    EXPECT_EQ(file.token(), "");
    EXPECT_EQ(file.why(), "read " + directory.file("token") + ": that is no token");
  }
}

TEST(token_file, is_found_again_after_it_was_missing) {
  const test::temporary_directory directory;
  token_file file(directory.file("token"));
  EXPECT_EQ(file.token(), "");
  EXPECT_EQ(file.why(), "read " + directory.file("token") + ": No such file or directory");
  directory.write("token", "here");
  EXPECT_EQ(file.token(), "here");
  std::filesystem::remove(directory.file("token"));
  EXPECT_EQ(file.token(), "");
}

}  // namespace
}  // namespace podmedic::k8s
