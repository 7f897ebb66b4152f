/* daemons/ocf-fw-write/slots.h - two slots in a folder, switched by one rename.
 *
 *   DIRECTORY/a/ b/      the images of a version and, written last, its os-release
 *   DIRECTORY/current    a link to the slot that runs or, with Activation=reboot, will run
 *   DIRECTORY/.booted    see boot_file.h
 *
 * A slot without os-release is incomplete and never becomes current. */
#pragma once

#include "backend.h"

#define SLOTS_PATH_MAX ((size_t)256)

enum slots_activation { SLOTS_IMMEDIATE, SLOTS_REBOOT };

struct slots_config {
	char directory[SLOTS_PATH_MAX];
	int activation; /* enum slots_activation */
	bool single;    /* there is but one slot, a: the version that runs is written over */
	char boot_id_file[SLOTS_PATH_MAX];
};

/* Makes what is missing of the folder's content. Before the program confines itself. `config` is
 * borrowed for life, *ret owned by the caller. -errno. */
MUST_USE int slots_open(struct backend **ret, const struct slots_config *config);
