// What the bench tells the load generator: --name value pairs.
#pragma once
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  const char *mode, *key, *submit_path, *worker_base;
  // A file with the body of every submit, and one with the body of every report ("" echoes the input).
  const char *body_file;
  int port, clients, workers, gated, server_pid;
  long count;
  double seconds, warmup_s;
} options = {.mode = "cycles", .key = "", .submit_path = "/v2/bench/run", .worker_base = "/v2/bench",
             .body_file = "", .clients = 32, .workers = 32, .seconds = 5, .warmup_s = 1};

static void fail(const char *format, ...) {
  va_list values;
  va_start(values, format);
  fprintf(stderr, "load: ");
  vfprintf(stderr, format, values);
  fprintf(stderr, "\n");
  exit(1);
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (!strcmp(name, "--mode")) options.mode = value;
    else if (!strcmp(name, "--key")) options.key = value;
    else if (!strcmp(name, "--submit-path")) options.submit_path = value;
    else if (!strcmp(name, "--worker-base")) options.worker_base = value;
    else if (!strcmp(name, "--body-file")) options.body_file = value;
    else if (!strcmp(name, "--port")) options.port = atoi(value);
    else if (!strcmp(name, "--clients")) options.clients = atoi(value);
    else if (!strcmp(name, "--workers")) options.workers = atoi(value);
    else if (!strcmp(name, "--count")) options.count = atol(value);
    else if (!strcmp(name, "--gated")) options.gated = atoi(value);
    else if (!strcmp(name, "--server-pid")) options.server_pid = atoi(value);
    else if (!strcmp(name, "--seconds")) options.seconds = atof(value);
    else if (!strcmp(name, "--warmup")) options.warmup_s = atof(value);
    else fail("no option %s", name);
  }
}
