#pragma once
#include "base/time.hpp"

#include <sys/types.h>

namespace podmedic {

/// Sends a signal to the process that has this pid and was started then, and to no other: a pidfd is opened, the start
/// is read again, and only then the signal is sent through the pidfd, so a pid that has been given to a new process is
/// never hit (pidfd_open(2), pidfd_send_signal(2)).
///
/// 0: sent; ESRCH: that process is gone; EPERM: neither its uid nor CAP_KILL; or another errno.
int signal_process(pid_t pid, instant started, int signal);

/// As that with SIGTERM, and SIGCONT behind it, as systemd does (systemd.kill(5)): a process that is stopped, or about
/// to be, hears nothing else, and to one that runs it means nothing.
int ask_to_end(pid_t pid, instant started);

}  // namespace podmedic
