/* daemons/ocf-fw-write/config.h - fw-write.conf. */
#pragma once

#include "block.h"
#include "handler.h"
#include "install.h"
#include "slots.h"

#define CONFIG_PATH ((size_t)256) /* room for a path */

enum config_type { CONFIG_FOLDER, CONFIG_BLOCK, CONFIG_HANDLER };
enum config_boot { BOOT_UBOOT, BOOT_GRUB, BOOT_CUSTOM };

struct boot_config {
	int type;                     /* enum config_boot */
	char names[64];               /* of slot a and slot b */
	uint32_t attempts;            /* starts of a confirmed slot */
	char env_config[CONFIG_PATH]; /* of fw_printenv and fw_setenv */
	char printenv[CONFIG_PATH], setenv[CONFIG_PATH];
	char grubenv[CONFIG_PATH];
	char script[CONFIG_PATH];
	bool script_tries;
};

struct config {
	int type; /* enum config_type */
	struct install_config install;
	struct slots_config slots;
	struct block_config block;
	char devices[BOOT_SLOTS][512]; /* as text */
	struct boot_config boot;
	char pre_install[CONFIG_PATH], pre_commit[CONFIG_PATH], post_install[CONFIG_PATH];
	char handler[CONFIG_PATH];
	struct handler_config handled;
	uint64_t limit_us; /* of a hook or handler */
};

/* Defaults, then the file, which may be missing. -EINVAL: ret_error says what is wrong where. */
MUST_USE int config_load(const char *path, struct config *ret, char *ret_error, size_t room);
