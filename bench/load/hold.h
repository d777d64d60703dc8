// Thousands of calls held at once: half of them job-take on an empty endpoint, half runsync on one without workers.
// When all are held, a few connections submit jobs for the takers, and take and report those of the runsync callers.
// Each caller gets its own answer: its input carries a number, and the echo must bring the same one back.
#pragma once
#include "http.h"

#define FEEDERS 16
static struct conn *takers, *callers, *feeders;
static int held_each, queued_count, taken_count, answered_count, fed_count;

static void send_numbered(struct conn *c, const char *path, int number) {
  char body[64];
  int length = snprintf(body, sizeof body, "{\"input\":{\"number\":%d}}", number);
  send_post(c, SUBMIT, path, body, length);
}

static int number_in(const char *body, size_t length) {
  const char *found = memmem(body, length, "\"number\":", 9);
  return found ? atoi(found + 9) : -1;
}

static void poll_held(struct conn *c) {
  char path[256];
  snprintf(path, sizeof path, "/v2/hold-take/job-take/held-%d", c->number);
  send_get(c, TAKE, path);
}

// A feeder on its own: submits for a taker, then takes and reports for a caller, until there is nothing left.
static void feed(struct conn *c) {
  if (fed_count < held_each) send_numbered(c, "/v2/hold-take/run", fed_count++);
  else if (answered_count < held_each) send_take(c);
}

static void on_hold(struct conn *c, int status, const char *body, size_t length) {
  if (c >= callers && c < callers + held_each) {
    expect(status == 200 && memmem(body, length, "COMPLETED", 9) != NULL, "a held runsync", status, body, length);
    if (number_in(body, length) != c - callers) fail("a held runsync got another's answer: %.*s", (int)length, body);
    answered_count++;
  } else if (c >= takers && c < takers + held_each) {
    // A poll may end empty while the others are still being opened; the worker asks again.
    if (status == 204) { poll_held(c); return; }
    expect(status == 200 && number_in(body, length) >= 0, "a held job-take", status, body, length);
    taken_count++;
  } else if (c->asked == HEALTH) {
    const char *found = memmem(body, length, "\"inQueue\":", 10);
    expect(status == 200 && found != NULL, "health", status, body, length);
    queued_count = atoi(found + 10);
    c->asked = NOTHING;
  } else {
    expect(status == 200 || (c->asked == TAKE && status == 204), "a feeder's call", status, body, length);
    if (c->asked == TAKE && status == 200) send_done(c, body, length);
    else feed(c);
  }
}

// Asks until the server counts every runsync as queued: then all of them are held.
static void wait_until_held(void) {
  while (queued_count < held_each) {
    send_get(feeders, HEALTH, "/v2/hold-sync/health");
    while (feeders->asked == HEALTH) serve_events(on_hold, 20);
    usleep(20000);
  }
}

#define LONGEST_ANSWER_S 240

static void hold(void) {
  held_each = options.clients / 2;
  options.worker_base = "/v2/hold-sync";
  uint64_t start = now_ns();
  feeders = open_connections(FEEDERS);
  takers = open_connections(held_each);
  callers = open_connections(held_each);
  for (int i = 0; i < held_each; i++) {
    poll_held(&takers[i]);
    send_numbered(&callers[i], "/v2/hold-sync/runsync?wait=300000", i);
    if (i % 256 == 255) serve_events(on_hold, 0);
  }
  wait_until_held();
  if (taken_count + answered_count > 0) fail("%d calls were answered before their job came", taken_count + answered_count);
  uint64_t held_at = now_ns(), limit = held_at + LONGEST_ANSWER_S * 1000000000ull;
  for (int i = 0; i < FEEDERS; i++) feed(&feeders[i]);
  while ((taken_count < held_each || answered_count < held_each) && now_ns() < limit) serve_events(on_hold, 20);
  printf("{\"held\":%d,\"answeredTakes\":%d,\"answeredRunsyncs\":%d,\"openSeconds\":%.2f,\"answerSeconds\":%.2f}\n",
         2 * held_each, taken_count, answered_count, (held_at - start) / 1e9, (now_ns() - held_at) / 1e9);
}
