/* lib/bus/loop.h - the event loop of a daemon or tool, over sd-event. */
#pragma once

#include "base/mem.h"

struct loop;
struct loop_timer;

/* -errno. SIGTERM and SIGINT end loop_run() with 0. */
MUST_USE int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *l); /* accepts NULL, returns NULL */
DEFINE_CLEANUP(struct loop *, loop_free)

/* Runs until loop_exit(); returns its code, or -errno. */
MUST_USE int loop_run(struct loop *l);
void loop_exit(struct loop *l, int code);

/* Waits for something to happen and has it handled. 1: go on; 0: loop_exit() or a signal has ended
 * it, for good; -errno. */
MUST_USE int loop_turn(struct loop *l);

/* Calls fn(arg, revents) while `fd` (borrowed) is ready for `events` (EPOLLIN ...). A negative
 * return of fn ends the loop with it. */
typedef int (*loop_io_fn)(void *arg, uint32_t revents);
MUST_USE int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_io_fn fn, void *arg);
void loop_del_fd(struct loop *l, int fd);

/* One-shot timers on CLOCK_MONOTONIC; disarmed when made. A negative return of fn ends the loop. */
typedef int (*loop_timer_fn)(void *arg);
MUST_USE int loop_timer_new(struct loop_timer **ret, struct loop *l, loop_timer_fn fn, void *arg);
struct loop_timer *loop_timer_free(struct loop_timer *t);
DEFINE_CLEANUP(struct loop_timer *, loop_timer_free)
/* At `when_us`; NEVER_US disarms. */
void loop_timer_set(struct loop_timer *t, uint64_t when_us);
/* Same on CLOCK_BOOTTIME, which counts suspend. */
MUST_USE int loop_timer_new_boottime(struct loop_timer **ret, struct loop *l, loop_timer_fn fn,
				     void *arg);

/* Calls fn when child `pid` ends, with its wait status; it is reaped. */
typedef int (*loop_child_fn)(void *arg, int pid, int status);
MUST_USE int loop_add_child(struct loop *l, int pid, loop_child_fn fn, void *arg);

/* sd_notify: "READY=1", "STATUS=...", "STOPPING=1"; no-op outside systemd. Sends WATCHDOG=1 by
 * itself from the loop if WatchdogSec is set. */
void loop_notify(struct loop *l, const char *state);

/* The descriptor that systemd passed (sd_listen_fds(3)), owned by the caller, away from the numbers
 * that helpers know; -1: none, or more than one. For once. */
MUST_USE int loop_passed_fd(void);

struct sd_event *loop_sd_event(struct loop *l); /* for lib/bus only */
