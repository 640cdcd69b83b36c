#pragma once
#include <sys/types.h>

namespace podmedic {

/// Between podmedic and a program that it runs: a process that ends together with the program and with all that the
/// program has started, in whatever process group or session that is (timeout(1) and setsid(1) make their own). Orphans
/// come to it (prctl(2), PR_SET_CHILD_SUBREAPER), and it knows no other children, so none of another's is ever killed.
///
/// In the child of a fork: forks once more, and returns in that child, which goes on to exec. The parent never returns:
/// it waits until the program ends, or until it is told by SIGTERM, which it also gets when podmedic ends; then it
/// kills what there is, and what comes to it by that, until nothing is left, and ends as the program did (128 + the
/// signal that ended it). Only system calls, as is proper after a fork. False where it cannot fork; errno says why.
bool become_warden();

}  // namespace podmedic
