/* daemons/ocf-fw-write/boot_uboot.h - U-Boot's environment, by fw_printenv and fw_setenv.
 *
 * Those programs, of U-Boot or of libubootenv, know where the environment lies, its copies and
 * their locks. Everything that one switch changes goes into one call of fw_setenv with a script,
 * which stores the environment once: with two copies (two lines in fw_env.config) all of it or
 * nothing. */
#pragma once

#include "boot.h"
#include "bootenv.h"
#include "runner.h"

/* `print` and `set` are places in the runner's table; everything is borrowed for life. 0: *ret is
 * owned by the caller. -ENOMEM. */
MUST_USE int boot_uboot_new(struct boot **ret, const struct bootenv *env, struct runner *r,
			    size_t print, size_t set);
