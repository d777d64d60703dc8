// Just enough HTTP/1.1: keep-alive connections on loopback, whole requests written at once, replies with a length.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "options.h"
#include "times.h"

enum asked { NOTHING, SUBMIT, TAKE, DONE, HEALTH };

struct conn {
  int fd, number;
  enum asked asked;
  uint64_t sent_at;
  char *in, *out;
  size_t in_length, in_size, out_length, out_sent, out_size;
};

typedef void (*reply_handler)(struct conn *c, int status, const char *body, size_t length);

static int epoll_fd;
// The next time at which `serve_events` returns 1; 0: none.
static uint64_t later_at;
static char *submit_request;
static size_t submit_length;

static void run_later(int ms) { later_at = now_ns() + ms * 1000000ull; }

static void expect(int is_good, const char *what, int status, const char *body, size_t length) {
  if (!is_good) fail("%s was answered %d: %.*s", what, status, (int)(length < 400 ? length : 400), body);
}

// Both sides of ten thousand connections are open files; the soft limit is often 1024.
static void allow_many_files(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void watch(struct conn *c, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll_fd, operation, c->fd, &event) < 0) fail("epoll: %s", strerror(errno));
}

static struct conn *open_connections(int count) {
  static int opened;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  struct conn *all = calloc(count, sizeof *all);
  int yes = 1;
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (epoll_fd == 0) epoll_fd = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    struct conn *c = &all[i];
    c->number = opened++;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0) fail("connection %d: %s", opened, strerror(errno));
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
      fail("connection %d to port %d: %s", opened, options.port, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->in = malloc(c->in_size = 8192);
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
  return all;
}

static void flush_out(struct conn *c) {
  while (c->out_sent < c->out_length) {
    ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) { watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT); return; }
    if (sent < 0) fail("the server closed a connection: %s", strerror(errno));
    c->out_sent += sent;
  }
}

static char *room(struct conn *c, size_t size) {
  if (c->out_size < size) c->out = realloc(c->out, c->out_size = size);
  return c->out;
}

static void begin(struct conn *c, enum asked asked, size_t length) {
  c->asked = asked;
  c->out_length = length;
  c->out_sent = 0;
  c->sent_at = now_ns();
  flush_out(c);
}

static void send_post(struct conn *c, enum asked asked, const char *path, const char *body, size_t length) {
  char *out = room(c, length + 1024);
  int head = snprintf(out, 1024,
                      "POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: %s\r\ncontent-type: application/json\r\n"
                      "content-length: %zu\r\n\r\n", path, options.key, length);
  memcpy(out + head, body, length);
  begin(c, asked, head + length);
}

static void send_get(struct conn *c, enum asked asked, const char *path) {
  int length = snprintf(room(c, 1024), 1024, "GET %s HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: %s\r\n\r\n", path,
                        options.key);
  begin(c, asked, length);
}

// Every submit is the same: built once.
static void prepare_requests(void) {
  static char body[1 << 20];
  size_t length = 0;
  FILE *file = fopen(options.body_file, "r");
  if (file) length = fread(body, 1, sizeof body, file);
  if (length == 0) fail("no body in %s", options.body_file);
  fclose(file);
  struct conn draft = {.fd = -1};
  char *out = room(&draft, length + 1024);
  int head = snprintf(out, 1024,
                      "POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: %s\r\ncontent-type: application/json\r\n"
                      "content-length: %zu\r\n\r\n", options.submit_path, options.key, length);
  memcpy(out + head, body, length);
  submit_request = out;
  submit_length = head + length;
}

static void send_submit(struct conn *c) {
  memcpy(room(c, submit_length), submit_request, submit_length);
  begin(c, SUBMIT, submit_length);
}

static void send_take(struct conn *c) {
  char path[256];
  snprintf(path, sizeof path, "%s/job-take/load-worker-%d?gpu=cpu&job_in_progress=0", options.worker_base, c->number);
  send_get(c, TAKE, path);
}

// Reports the taken job as done; its output is its input.
static void send_done(struct conn *c, const char *job, size_t length) {
  const char *id = memmem(job, length, "\"id\":\"", 6), *input = memmem(job, length, "\"input\":", 8);
  if (!id || !input) fail("a job without id or input: %.*s", (int)length, job);
  id += 6;
  input += 8;
  int id_length = (const char *)memchr(id, '"', job + length - id) - id;
  // The input is an object without braces in its texts: it ends where its braces do.
  size_t end = 0;
  for (int depth = 0; input + end < job + length; end++) {
    if (input[end] == '{') depth++;
    if (input[end] == '}' && --depth == 0) { end++; break; }
  }
  char path[256], *body = malloc(end + 16);
  snprintf(path, sizeof path, "%s/job-done/load-worker-%d/%.*s?gpu=cpu&isStream=false", options.worker_base, c->number,
           id_length, id);
  memcpy(body, "{\"output\":", 10);
  memcpy(body + 10, input, end);
  body[10 + end] = '}';
  send_post(c, DONE, path, body, end + 11);
  free(body);
}

static void read_reply(struct conn *c, reply_handler handler) {
  for (;;) {
    if (c->in_length + 1 >= c->in_size) c->in = realloc(c->in, c->in_size *= 2);
    ssize_t got = recv(c->fd, c->in + c->in_length, c->in_size - c->in_length - 1, 0);
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) fail("the server closed connection %d while a reply was expected", c->number);
    c->in_length += got;
    if (c->in_length + 1 < c->in_size) break;
  }
  c->in[c->in_length] = 0;
  char *end = strstr(c->in, "\r\n\r\n");
  if (!end) return;
  size_t head = end + 4 - c->in, length = 0;
  *end = 0;
  char *field = strcasestr(c->in, "\r\ncontent-length:");
  if (field) length = strtoul(field + 17, NULL, 10);
  else if (strcasestr(c->in, "\r\ntransfer-encoding:")) fail("a chunked reply is not understood: %s", c->in);
  *end = '\r';
  if (c->in_length < head + length) return;
  int status = atoi(c->in + 9);
  c->in_length = 0;
  handler(c, status, c->in + head, length);
}

// One round of the loop; 1 when the time of `run_later` has come.
static int serve_events(reply_handler handler, int longest_ms) {
  struct epoll_event events[512];
  int timeout = longest_ms;
  if (later_at) {
    uint64_t now = now_ns();
    if (now >= later_at) { later_at = 0; return 1; }
    timeout = (int)((later_at - now) / 1000000) + 1;
  }
  int count = epoll_wait(epoll_fd, events, 512, timeout < longest_ms ? timeout : longest_ms);
  for (int i = 0; i < count; i++) {
    struct conn *c = events[i].data.ptr;
    if (events[i].events & EPOLLOUT) { watch(c, EPOLL_CTL_MOD, EPOLLIN); flush_out(c); }
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_reply(c, handler);
  }
  return 0;
}
