/* daemons/ocf-fw-write/boot_custom.h - a program of the device that knows its boot loader.
 *
 * Its verbs are those of RAUC's custom backend, with NAME as configured:
 *
 *   get-primary               prints NAME of the slot that starts next
 *   set-primary NAME
 *   get-state NAME            prints good or bad; or, with Try=yes, try N: N starts are left
 *   set-state NAME good|bad
 *   try NAME N                only with Try=yes: N starts, and then those of the other slot; both
 *                             this and what set-primary does, in one step
 *
 * Exit status 0 means done, and durable. Without Try=yes a new version starts as RAUC has it start:
 * by set-state good and set-primary, and the program counts as it likes. */
#pragma once

#include "boot.h"
#include "bootenv.h"
#include "runner.h"

/* `script` is a place in the runner's table; everything is borrowed for life. 0: *ret is owned by
 * the caller. -ENOMEM. */
MUST_USE int boot_custom_new(struct boot **ret, const struct bootenv *env, bool has_try,
			     struct runner *r, size_t script);
