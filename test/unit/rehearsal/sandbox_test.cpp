#include "supervisor/rehearsal/sandbox.hpp"

#include "base/files.hpp"
#include "test/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace podmedic::rehearsal {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

/// Removes what a sandbox leaves for people.
struct swept {
  sandbox place;
  swept(const pod_manifest& pod, std::vector<std::string> path) : place(pod, std::move(path)) {
    const std::string error = place.make();
    if (!error.empty()) ADD_FAILURE() << error;
  }
  ~swept() { std::filesystem::remove_all(place.directory()); }
};

pod_manifest pod_of(container_manifest container, std::vector<volume_manifest> volumes) {
  pod_manifest pod;
  pod.containers = {std::move(container)};
  pod.volumes = std::move(volumes);
  return pod;
}

container_manifest with_mounts(std::vector<volume_mount> mounts) {
  container_manifest container;
  container.name = "a";
  container.command = {"/bin/true"};
  container.mounts = std::move(mounts);
  return container;
}

TEST(sandbox, is_its_owner_s_alone_and_has_room_for_a_socket_s_path) {
  const pod_manifest pod = pod_of(with_mounts({}), {{"podmedic-state", {}}});
  const swept made(pod, {});
  struct stat found{};
  ASSERT_EQ(::stat(made.place.directory().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  EXPECT_LE((made.place.volume_directory("podmedic-state") + "/podmedic.sock").size(), 107u);
}

TEST(sandbox, a_mount_path_becomes_its_volume_s_directory_wherever_it_is_a_path) {
  const pod_manifest pod =
      pod_of(with_mounts({{"data", "/data", ""}, {"deep", "/data/deep", ""}, {"sub", "/s", "x"}}), {});
  const swept made(pod, {});
  const std::string volumes = made.place.directory() + "/volumes";
  struct {
    const char* given;
    std::string expected;
  } const table[] = {
      {"/data", volumes + "/data"},
      {"/data/starts", volumes + "/data/starts"},
      {"--record=/data/hooks", "--record=" + volumes + "/data/hooks"},
      {"/data/deep/er", volumes + "/deep/er"},  // the longest mount that fits
      {"/s/file", volumes + "/sub/x/file"},     // subPath
      {"/database", "/database"},               // only begins like it
      {"/var/data/x", "/var/data/x"},           // only ends like it
      {"a:/data:/data", "a:" + volumes + "/data:" + volumes + "/data"},
  };
  for (const auto& row : table) EXPECT_EQ(made.place.in_place(pod.containers[0], row.given), row.expected);
}

TEST(sandbox, a_program_that_is_not_there_is_found_by_its_last_name) {
  const test::temporary_directory programs;
  const std::string server = programs.write("server", "#!/bin/sh\n");
  ASSERT_EQ(::chmod(server.c_str(), 0700), 0);
  const pod_manifest pod = pod_of(with_mounts({}), {});
  const sandbox place(pod, {programs.path()});
  const container_manifest& a = pod.containers[0];
  EXPECT_THAT(place.command(a, {"/opt/none/server", "--x"}), ElementsAre(server, "--x"));
  EXPECT_THAT(place.command(a, {"/bin/sh"}), ElementsAre("/bin/sh"));
  EXPECT_THAT(place.command(a, {"/opt/none/there-is-no-such-program"}), ElementsAre(""));
  EXPECT_THAT(place.command(a, {"/podmedic", "run"}),
              ElementsAre(std::filesystem::read_symlink("/proc/self/exe").string(), "run"));
}

TEST(sandbox, only_podmedic_s_environment_has_podmedic_s_settings) {
  container_manifest podmedic = with_mounts({{"state", "/var/lib/podmedic", ""}});
  podmedic.command = {"/podmedic", "run"};
  podmedic.environment = {{"PODMEDIC_CONTAINER", "other"}, {"MINE", "/var/lib/podmedic/x"}};
  const pod_manifest pod = pod_of(podmedic, {});
  const swept made(pod, {});
  const std::string state = made.place.directory() + "/volumes/state";
  EXPECT_THAT(
      made.place.environment(pod.containers[0]),
      AllOf(Contains("PODMEDIC_STATE_DIR=" + state), Contains("PODMEDIC_CONTAINER=a"), Contains("MINE=" + state + "/x"),
            Contains("PODMEDIC_LOG_FORMAT=json"), Contains("PODMEDIC_POD=" + made.place.id())));
  EXPECT_THAT(made.place.environment(with_mounts({})),
              AllOf(Contains("PODMEDIC_CONTAINER=a"), Not(Contains("PODMEDIC_LOG_FORMAT=json"))));
}

}  // namespace
}  // namespace podmedic::rehearsal
