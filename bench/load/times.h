// Times: the clock, CPU seconds, and a histogram of latencies with steps of under 1 %.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STEPS 128
struct times {
  long count;
  // One row for each power of two nanoseconds, STEPS columns within it.
  uint32_t cells[64][STEPS];
};

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void times_add(struct times *times, uint64_t ns) {
  if (ns < STEPS) ns = STEPS;
  int power = 63 - __builtin_clzll(ns);
  times->cells[power][(ns >> (power - 7)) & (STEPS - 1)]++;
  times->count++;
}

// Milliseconds below which that part of the values lies.
static double times_quantile(const struct times *times, double part) {
  long left = (long)(part * (times->count - 1)) + 1;
  for (int power = 7; power < 64; power++) {
    for (int step = 0; step < STEPS; step++) {
      left -= times->cells[power][step];
      if (left <= 0) return ((double)(STEPS + step) + 0.5) * (1ull << (power - 7)) / 1e6;
    }
  }
  return 0;
}

static void times_print(const char *name, const struct times *times, int is_first) {
  static int printed;
  if (is_first) printed = 0;
  if (times->count == 0) return;
  printf("%s\"%s\":{\"p50\":%.4f,\"p99\":%.4f}", printed++ ? "," : "", name, times_quantile(times, 0.5),
         times_quantile(times, 0.99));
}

static double own_cpu_s(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// User and system seconds of a process; 0 where there is none to look at.
static double cpu_of(int pid) {
  char path[64], text[1024];
  if (pid == 0) return 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  char *after_name = strrchr(text, ')');
  unsigned long user = 0, system = 0;
  if (after_name) sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  return (double)(user + system) / sysconf(_SC_CLK_TCK);
}
