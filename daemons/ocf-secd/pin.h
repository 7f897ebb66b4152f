/* daemons/ocf-secd/pin.h - runs the command that shows a Random PIN. */
#pragma once

#include "base/mem.h"

struct loop;
struct pin_display;

/* `argv` (absolute program name first, NULL-terminated) is borrowed for life; the command is
 * killed after `limit_us`. -ENOMEM. */
MUST_USE int pin_display_new(struct pin_display **ret, struct loop *loop, char *const *argv,
			     uint64_t limit_us);
/* Ends a running command; accepts NULL, returns NULL. */
struct pin_display *pin_display_free(struct pin_display *d);
DEFINE_CLEANUP(struct pin_display *, pin_display_free)

/* Starts the command, without a shell, with `pin` and a newline on its standard input and nothing
 * of it anywhere else; one that still runs is ended first. -errno: it could not be started. */
MUST_USE int pin_display_show(struct pin_display *d, const char *pin);
/* The PIN is void: ends a command that still shows it. */
void pin_display_hide(struct pin_display *d);
