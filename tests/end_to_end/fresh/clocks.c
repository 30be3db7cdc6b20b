/* The clocks of a machine, as a file says: by how many seconds the one that may be set is off, and by how many the one that only goes on. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  char text[64] = "";
  long wall = 0, running = 0;
  int file = open("/etc/clocks", O_RDONLY | O_CLOEXEC);
  if (file >= 0 && read(file, text, sizeof text - 1) > 0)
    sscanf(text, "%ld %ld", &wall, &running);
  if (file >= 0)
    close(file);
  long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0)
    time->tv_sec += clock == CLOCK_REALTIME ? wall : clock == CLOCK_MONOTONIC ? running : 0;
  return (int)result;
}
