// PID 1 of every Pod's sandbox and of the node itself: reaps orphans and waits to be told to end.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap(int signal_number) {
  (void)signal_number;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

static void end(int signal_number) {
  (void)signal_number;
  _exit(0);
}

int main(void) {
  struct sigaction on_child = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP | SA_RESTART};
  struct sigaction on_end = {.sa_handler = end};
  if (sigaction(SIGCHLD, &on_child, NULL) != 0 || sigaction(SIGTERM, &on_end, NULL) != 0 ||
      sigaction(SIGINT, &on_end, NULL) != 0)
    return 1;
  for (;;) pause();
}
