#include "base/container_id.hpp"

#include <gtest/gtest.h>

namespace podmedic {
namespace {

const std::string id = "0f3a9c5e7b1d2468ace013579bdf02468ace13579bdf02468ace13579bdf0246";
const std::string other = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const std::string pod = "pod8c5cfa0e-7d0b-4a55-a0f6-2a5e1c1f6d6b";
const std::string pod_slice = "kubepods-burstable-pod8c5cfa0e_7d0b_4a55_a0f6_2a5e1c1f6d6b.slice";

TEST(container_id, is_found_in_every_shape_in_which_runtimes_and_kernels_write_it) {
  const std::string texts[] = {
      // cgroup v2, systemd driver, containerd
      "0::/kubepods.slice/kubepods-burstable.slice/" + pod_slice + "/cri-containerd-" + id + ".scope\n",
      // the same by CRI-O, and by cri-dockerd
      "0::/kubepods.slice/kubepods-burstable.slice/" + pod_slice + "/crio-" + id + ".scope\n",
      "0::/kubepods.slice/kubepods-burstable.slice/" + pod_slice + "/docker-" + id + ".scope\n",
      // cgroup v2, cgroupfs driver
      "0::/kubepods/burstable/" + pod + "/" + id + "\n",
      // cgroupfs with cgroupsPerQOS off: containerd's own namespace
      "0::/k8s.io/" + id + "\n",
      // cgroup v1: a line for each hierarchy; a hybrid host adds an empty v2 line, first or last
      "12:memory:/kubepods/burstable/" + pod + "/" + id + "\n11:cpu,cpuacct:/kubepods/burstable/" + pod + "/" + id +
          "\n1:name=systemd:/kubepods/burstable/" + pod + "/" + id + "\n0::/\n",
      "0::/\n12:memory:/k8s.io/" + id + "\n",
      // only some hierarchies are used
      "9:misc:/\n8:memory:/k8s.io/" + id + "\n",
      // containerd on v1 with SystemdCgroup, seen from a service
      "1:name=systemd:/system.slice/containerd.service/" + pod_slice + ":cri-containerd:" + id + "\n",
      // private cgroup namespaces: another container of the Pod, seen from podmedic's
      "0::/../" + id + "\n",
      "0::/../cri-containerd-" + id + ".scope\n",
      "0::/../../" + pod + "/" + id + "\n",
      // the container has cgroups of its own below
      "0::/kubepods/burstable/" + pod + "/" + id + "/init.scope\n",
      "0::/../" + id + "/docker/" + other + "\n",
      "0::/kubepods/" + pod + "/" + id + "/docker/" + other + "\n",
      // the node is itself a container (kind)
      "0::/docker/" + other + "/kubelet/kubepods/burstable/" + pod + "/" + id + "\n",
      "0::/docker/" + other + "/k8s.io/" + id + "\n",
      // a zombie's cgroup that has been removed
      "0::/kubepods/burstable/" + pod + "/" + id + " (deleted)\n",
      // no newline at the end
      "0::/k8s.io/" + id,
  };
  for (const std::string& text : texts) EXPECT_EQ(container_id_in(text), id) << text;
}

TEST(container_id, is_empty_where_there_is_none) {
  const std::string texts[] = {
      "",
      "0::/\n",                                            // the reader's own, in a private namespace
      "0::/user.slice/user-1000.slice/session-3.scope\n",  // a process of the host
      "0::/kubepods/" + pod + "\n",                        // the Pod, not a container
      "0::/k8s.io/" + id.substr(1) + "\n",                 // 63 digits
      "0::/k8s.io/" + id + "0\n",                          // 65 digits
      "0::/k8s.io/x" + id + "\n",                          // a longer word
      "0::/k8s.io/0F3A9C5E7B1D2468ACE013579BDF02468ACE13579BDF02468ACE13579BDF0246\n",  // runtimes write lower case
      id,                                                                               // not a line of cgroups(7)
      "0:" + id + "\n",
  };
  for (const std::string& text : texts) EXPECT_EQ(container_id_in(text), "") << text;
}

TEST(container_name, is_that_of_the_directory_from_which_the_kubelet_mounts_the_termination_message) {
  const std::string of_pod = "/var/lib/kubelet/pods/8c5cfa0e-7d0b-4a55-a0f6-2a5e1c1f6d6b";
  const std::string texts[] = {
      "1 0 0:30 / / rw - overlay overlay rw\n2 1 8:1 " + of_pod +
          "/containers/engine/0a1b2c3d /dev/termination-log rw\n",
      "2 1 8:1 /pods/u/containers/engine/0a1b2c3d /custom/path rw",  // the kubelet's directory is a file system of its
                                                                     // own
      "2 1 8:1 /home/containers/kubelet/pods/u/containers/engine/ffffffff /dev/termination-log rw\n",
  };
  for (const std::string& text : texts) EXPECT_EQ(container_name_in(text), "engine") << text;
}

TEST(container_name, is_empty_where_no_mount_is_that) {
  const std::string texts[] = {
      "",
      "\n \n1\n1 0 0:30\n",
      "2 1 8:1 /var/lib/kubelet/pods/u/etc-hosts /etc/hosts rw\n",
      "2 1 8:1 /var/lib/kubelet/pods/u/volumes/kubernetes.io~empty-dir/data /data rw\n",
      "2 1 8:1 /pods/u/containers/engine/0A1B2C3D /dev/termination-log rw\n",
      "2 1 8:1 /pods/u/containers/engine/0a1b2c3 /dev/termination-log rw\n",
      "2 1 8:1 /pods/u/containers/engine/more/0a1b2c3d /dev/termination-log rw\n",
      "2 1 8:1 /pods/u/containers//0a1b2c3d /dev/termination-log rw\n",
      "2 1 8:1 / /pods/u/containers/engine/0a1b2c3d rw\n",  // where it is mounted says nothing
  };
  for (const std::string& text : texts) EXPECT_EQ(container_name_in(text), "") << text;
}

}  // namespace
}  // namespace podmedic
