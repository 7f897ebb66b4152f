/* daemons/ocf-fw-write/bootenv.h - the variables of U-Boot and GRUB scripts, named as RAUC's:
 *
 *   U-Boot  BOOT_ORDER="A B"  BOOT_A_LEFT=3  BOOT_B_LEFT=3   starts that are left, hexadecimal
 *   GRUB    ORDER="A B"  A_OK=1  A_TRY=0  B_OK=1  B_TRY=0    TRY=1: has used its one start
 *
 * Both loaders count the starts of a confirmed slot, too: it has to be confirmed after each. */
#pragma once

#include "base/buf.h"
#include "fw/bootvars.h"

#define BOOTENV_NAME    ((size_t)17) /* room for a slot's name, with its NUL */
#define BOOTENV_VALUE   ((size_t)129)
#define BOOTENV_CHANGES ((size_t)5)

enum bootenv_kind { BOOTENV_UBOOT, BOOTENV_GRUB };

struct bootenv {
	enum bootenv_kind kind;
	char names[BOOT_SLOTS][BOOTENV_NAME];
	uint32_t attempts; /* starts of a confirmed slot (U-Boot) */
};

/* Names and values to set. */
struct bootenv_change {
	size_t n;
	struct {
		char name[BOOTENV_NAME + 16];
		char value[BOOTENV_VALUE];
	} var[BOOTENV_CHANGES];
};

/* Two different words of letters, digits, '.', '_' and '-'. */
MUST_USE bool bootenv_set_names(struct bootenv *e, struct span names);
/* What `text`, lines NAME=VALUE, says. Variables that are not there are as the scripts take them:
 * U-Boot starts with "A B" and full counters, GRUB with nothing that may start. */
void bootenv_read(const struct bootenv *e, struct span text, struct boot_vars *ret);
/* What to set for the plan. Other words in the order (a rescue system) stay at its end. -E2BIG: the
 * order is too long. */
MUST_USE int bootenv_plan(const struct bootenv *e, struct span text, const struct boot_plan *p,
			  struct bootenv_change *ret);
/* Names of all variables, for asking: NULL-terminated, borrowed until the next call. */
const char *const *bootenv_names(const struct bootenv *e);
