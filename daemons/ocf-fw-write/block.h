/* daemons/ocf-fw-write/block.h - two slots of block devices, chosen by the boot loader.
 *
 *   DIRECTORY/a.slot b.slot   what a complete slot holds: as os-release, with sizes and digests
 *
 * A slot without its record is incomplete, and the loader is told not to start it before the first
 * octet is written. The record comes when everything is on the disk, and then one change of the
 * loader's variables. The slot that runs is known by the kernel's command line alone: if that tells
 * nothing, nothing is written. */
#pragma once

#include "boot.h"
#include "bootenv.h"
#include "devices.h"

struct block_config {
	char directory[256];
	struct devices devices;
	struct bootenv env;     /* the names of the slots */
	bool tells_trial;       /* the loader knows good slots from those that are tried */
	char boot_id_file[256]; /* which boot this is */
	char command_line[128]; /* the file with the kernel's */
	char release[128];      /* the running system's os-release, for a slot without a record */
};

/* Reads what it needs before the program confines itself. `config` and `boot` are borrowed for
 * life, *ret is owned by the caller. -errno. */
MUST_USE int block_open(struct backend **ret, const struct block_config *config, struct boot *boot);
