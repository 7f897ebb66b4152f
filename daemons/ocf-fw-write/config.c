#include "config.h"

#include "codec/conf.h"

static const char *const ACTIVATIONS[] = {"immediate", "reboot", NULL};

static bool name_is_valid(struct span name)
{
	if (name.len >= PROTO_LABEL || span_is(name, "os-release") ||
	    span_is(name, "os-release.tmp"))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i], l = c | 0x20;
		bool alnum = (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z');

		if (!alnum && (i == 0 || !strchr("._-", c)))
			return false;
	}
	return true;
}

/* Names of files in a slot, which are never anything but that. */
static bool components_are_valid(struct span text)
{
	size_t n = 0;

	while (text.ptr) {
		struct span word = span_cut(&text, ' ');

		if (!name_is_valid(word))
			return false;
		n += word.len > 0;
	}
	return n > 0 && n <= BACKEND_COMPONENTS_MAX;
}

/* clang-format off */
static const struct conf_option OPTIONS[] = {
#define AT(member)   offsetof(struct config, member)
#define ROOM(member) sizeof(((struct config *)0)->member)
	{"Slots", "Directory", CONF_TEXT, AT(slots.directory), ROOM(slots.directory), .max = 0},
	{"Slots", "Components", CONF_TEXT, AT(install.components), ROOM(install.components),
	 .check = components_are_valid},
	{"Slots", "SizeMaxMiB", CONF_U32, AT(install.size_max_mib), .max = UINT32_MAX},
	{"Slots", "Activation", CONF_ENUM, AT(slots.activation), .words = ACTIVATIONS},
	{"Boot", "BootIdFile", CONF_TEXT, AT(slots.boot_id_file), ROOM(slots.boot_id_file),
	 .max = 0},
};
/* clang-format on */

int config_load(const char *path, struct config *ret, char *ret_error, size_t room)
{
	int r;

	*ret = (struct config){
		.install = {.components = "firmware"                         },
		.slots = { .directory = "/var/lib/ocfgw/slots",
			    .activation = SLOTS_IMMEDIATE,
			    .boot_id_file = "/proc/sys/kernel/random/boot_id"},
	};
	r = conf_load(path, OPTIONS, ARRAY_SIZE(OPTIONS), ret, ret_error, room);
	return r == -ENOENT ? 0 : r;
}
