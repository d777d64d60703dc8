// Load of the bench "jobs": plays clients and workers of the job API over keep-alive connections, one request in flight
// on each. One thread and one epoll, requests made once, no JSON parser: so light that it is never what is measured;
// its own share of a core stands in the answer. Prints one line of JSON; exits with 1 and a sentence on any error.
//
//   cycles   clients submit, workers take and report; at most one job a client is in flight
//   lanes    each connection submits, takes and reports in turn, so the length of the queue stays what it is
//   runsync  clients call runsync; workers, where there are any, take and echo
//   taken    one client, one worker that already waits: from writing the submit to having read the job
//   fill     clients submit until `count` jobs are queued
//   hold     see hold.h
#define _GNU_SOURCE
#include "http.h"
#include "options.h"
#include "times.h"
#include "hold.h"

static struct times submit_times, take_times, done_times, main_times;
// Completed units (cycles or calls) inside the measured window.
static long completed;
static int is_measuring;
// Idle connections that wait for their turn.
static struct conn **idle_clients, **idle_workers;
static int idle_client_count, idle_worker_count;
static long credits, acknowledged, takes_asked;
static uint64_t submitted_at;

static void note(struct times *times, struct conn *c) {
  if (is_measuring) times_add(times, now_ns() - c->sent_at);
}

static void complete_one(void) {
  if (is_measuring) completed++;
}

static void take(struct conn *c) {
  takes_asked++;
  send_take(c);
}

// Gated workers ask only for what is there: for servers whose take doesn't wait.
static void worker_next(struct conn *c) {
  if (!options.gated || takes_asked < acknowledged) take(c);
  else idle_workers[idle_worker_count++] = c;
}

static void client_next(struct conn *c) {
  if (credits > 0) {
    credits--;
    send_submit(c);
  } else {
    idle_clients[idle_client_count++] = c;
  }
}

static void on_cycles(struct conn *c, int status, const char *body, size_t length) {
  switch (c->asked) {
    case SUBMIT:
      expect(status == 200, "submit", status, body, length);
      note(&submit_times, c);
      acknowledged++;
      if (options.gated && idle_worker_count > 0) take(idle_workers[--idle_worker_count]);
      client_next(c);
      break;
    case TAKE:
      if (status == 204 && !options.gated) { send_take(c); break; }
      expect(status == 200, "job-take", status, body, length);
      note(&take_times, c);
      send_done(c, body, length);
      break;
    default:
      expect(status == 200, "job-done", status, body, length);
      note(&done_times, c);
      complete_one();
      credits++;
      if (idle_client_count > 0) client_next(idle_clients[--idle_client_count]);
      worker_next(c);
  }
}

static void on_lanes(struct conn *c, int status, const char *body, size_t length) {
  if (c->asked == TAKE && status == 204) { send_take(c); return; }
  expect(status == 200, "a call", status, body, length);
  if (c->asked == SUBMIT) {
    note(&submit_times, c);
    send_take(c);
  } else if (c->asked == TAKE) {
    note(&take_times, c);
    send_done(c, body, length);
  } else {
    note(&done_times, c);
    complete_one();
    send_submit(c);
  }
}

static void on_runsync(struct conn *c, int status, const char *body, size_t length) {
  if (c->asked == SUBMIT) {
    expect(status == 200 && memmem(body, length, "COMPLETED", 9) != NULL, "runsync", status, body, length);
    note(&main_times, c);
    complete_one();
    send_submit(c);
  } else if (c->asked == TAKE && status == 200) {
    send_done(c, body, length);
  } else {
    expect(status == 200 || status == 204, "a worker's call", status, body, length);
    send_take(c);
  }
}

// Answers still to come, and submits still to send.
static long unanswered, unsent;

static void on_fill(struct conn *c, int status, const char *body, size_t length) {
  expect(status == 200, "submit", status, body, length);
  unanswered--;
  if (unsent > 0) {
    unsent--;
    send_submit(c);
  }
}

static void fill(void) {
  struct conn *all = open_connections(options.clients);
  uint64_t start = now_ns();
  unanswered = options.count;
  unsent = options.count;
  for (int i = 0; i < options.clients && unsent > 0; i++, unsent--) send_submit(&all[i]);
  while (unanswered > 0) serve_events(on_fill, 20);
  printf("{\"seconds\":%.3f,\"count\":%ld}\n", (now_ns() - start) / 1e9, options.count);
}

// The worker's poll is given a moment to arrive before the job is submitted.
#define POLL_SETTLES_MS 2

static void on_taken(struct conn *c, int status, const char *body, size_t length) {
  static int open_replies = 2;
  if (c->asked == TAKE && status == 204) { send_take(c); return; }
  expect(status == 200, "a call", status, body, length);
  if (c->asked == SUBMIT) {
    note(&submit_times, c);
  } else if (c->asked == TAKE) {
    if (is_measuring) times_add(&main_times, now_ns() - submitted_at);
    complete_one();
    send_done(c, body, length);
    return;
  } else {
    send_take(c);
  }
  if (--open_replies == 0) {
    open_replies = 2;
    run_later(POLL_SETTLES_MS);
  }
}

static void submit_one(struct conn *clients) {
  submitted_at = now_ns();
  send_submit(&clients[0]);
}

static void run(reply_handler handler) {
  int total = options.clients + options.workers;
  struct conn *all = open_connections(total);
  struct conn *workers = all + options.clients;
  idle_clients = calloc(total, sizeof *idle_clients);
  idle_workers = calloc(total, sizeof *idle_workers);
  int is_taken = handler == on_taken;
  for (int i = 0; i < options.workers; i++) {
    if (handler == on_cycles) worker_next(&workers[i]);
    else send_take(&workers[i]);
  }
  if (is_taken) run_later(POLL_SETTLES_MS);
  else for (int i = 0; i < options.clients; i++) send_submit(&all[i]);

  uint64_t start = now_ns(), from = start + options.warmup_s * 1e9, to = from + options.seconds * 1e9, now;
  double own_cpu = 0, server_cpu = 0;
  while ((now = now_ns()) < to) {
    if (!is_measuring && now >= from) {
      is_measuring = 1;
      from = now;
      own_cpu = own_cpu_s();
      server_cpu = cpu_of(options.server_pid);
    }
    if (serve_events(handler, 20) && is_taken) submit_one(all);
  }
  double seconds = (now_ns() - from) / 1e9;
  printf("{\"seconds\":%.3f,\"count\":%ld,\"perSecond\":%.2f,\"loadCpuShare\":%.3f,\"serverCpuShare\":%.3f,\"latencyMs\":{",
         seconds, completed, completed / seconds, (own_cpu_s() - own_cpu) / seconds,
         (cpu_of(options.server_pid) - server_cpu) / seconds);
  times_print("submit", &submit_times, 1);
  times_print("take", &take_times, 0);
  times_print("done", &done_times, 0);
  times_print(is_taken ? "submitToTaken" : "call", &main_times, 0);
  printf("}}\n");
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  allow_many_files();
  prepare_requests();
  if (!strcmp(options.mode, "cycles")) run(on_cycles);
  else if (!strcmp(options.mode, "lanes")) run(on_lanes);
  else if (!strcmp(options.mode, "runsync")) run(on_runsync);
  else if (!strcmp(options.mode, "taken")) run(on_taken);
  else if (!strcmp(options.mode, "fill")) fill();
  else if (!strcmp(options.mode, "hold")) hold();
  else fail("no mode \"%s\"", options.mode);
  return 0;
}
