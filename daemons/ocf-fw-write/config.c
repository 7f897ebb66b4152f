#include "config.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/conf.h"

static const char *const TYPES[] = {"folder", "block", "handler", NULL};
static const char *const LOADERS[] = {"uboot", "grub", "custom", NULL};
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
	struct span word;
	size_t n = 0;

	while (span_word(&text, &word)) {
		if (!name_is_valid(word))
			return false;
		n++;
	}
	return n > 0 && n <= BACKEND_COMPONENTS_MAX;
}

static bool path_is_valid(struct span text)
{
	return text.len == 0 || text.ptr[0] == '/';
}

static bool names_are_valid(struct span text)
{
	return bootenv_set_names(&(struct bootenv){0}, text);
}

#define COMPONENTS  "names of letters, digits, '.', '_' and '-', separated by blanks"
#define CONF_TARGET struct config
#define PATH(section, name, member)                                                                \
	OPTION_TEXT(section, name, member, path_is_valid, "an absolute path")
static const struct conf_option OPTIONS[] = {
	OPTION_ENUM("Slots", "Type", type, TYPES),
	PATH("Slots", "Directory", slots.directory),
	OPTION_TEXT("Slots", "Components", install.components, components_are_valid, COMPONENTS),
	OPTION_FLAG("Slots", "VerifyWritten", install.verify_written),
	OPTION_NUMBER("Slots", "SizeMaxMiB", install.size_max_mib, 0, UINT32_MAX),
	OPTION_FLAG("Slots", "Single", slots.single),
	OPTION_ENUM("Slots", "Activation", slots.activation, ACTIVATIONS),
	OPTION_TEXT("Slots", "DevicesA", devices[0], NULL, NULL),
	OPTION_TEXT("Slots", "DevicesB", devices[1], NULL, NULL),
	PATH("Slots", "Release", block.release),
	OPTION_ENUM("Boot", "Type", boot.type, LOADERS),
	OPTION_TEXT("Boot", "Names", boot.names, names_are_valid, "two different words"),
	OPTION_NUMBER("Boot", "Attempts", boot.attempts, 1, BOOT_ATTEMPTS_MAX),
	PATH("Boot", "BootIdFile", slots.boot_id_file),
	PATH("Boot", "CommandLine", block.command_line),
	PATH("Boot", "EnvConfig", boot.env_config),
	PATH("Boot", "PrintEnv", boot.printenv),
	PATH("Boot", "SetEnv", boot.setenv),
	PATH("Boot", "GrubEnv", boot.grubenv),
	PATH("Boot", "Script", boot.script),
	OPTION_FLAG("Boot", "ScriptTries", boot.script_tries),
	PATH("Programs", "PreInstall", pre_install),
	PATH("Programs", "PreCommit", pre_commit),
	PATH("Programs", "PostInstall", post_install),
	PATH("Programs", "Handler", handler),
	OPTION_TEXT("Programs", "HandlerComponents", handled.components, components_are_valid,
		    COMPONENTS),
	OPTION_TIME("Programs", "TimeLimit", limit_us, USEC_PER_SEC, USEC_PER_SEC * 24 * 3600),
};

/* clang-format off */
static const struct config DEFAULTS = {
	.install = {.components = "firmware"},
	.slots = {.directory = "/var/lib/ocfgw/slots", .activation = SLOTS_IMMEDIATE,
		  .boot_id_file = "/proc/sys/kernel/random/boot_id"},
	.block = {.command_line = "/proc/cmdline", .release = "/etc/os-release"},
	.boot = {.names = "A B",
		 .attempts = 3,
		 .env_config = "/etc/fw_env.config",
		 .printenv = "/usr/bin/fw_printenv",
		 .setenv = "/usr/bin/fw_setenv",
		 .grubenv = "/boot/grub/grubenv"},
	.limit_us = USEC_PER_SEC * 10 * 60,
};
/* clang-format on */

/* Those words of `all` that are not in `some`. */
static void others(const char *all, const char *some, char ret[static CONF_TEXT_MAX])
{
	struct span rest = span_str(all), word;
	size_t n = 0;

	while (span_word(&rest, &word)) {
		if (span_has_word(span_str(some), word))
			continue;
		memcpy(ret + n, word.ptr, word.len);
		n += word.len;
		ret[n++] = ' ';
	}
	ret[n > 0 ? n - 1 : 0] = '\0';
}

/* What one value alone does not tell. */
static bool is_consistent(struct config *c, const char **ret_why)
{
	const char *const texts[BOOT_SLOTS] = {c->devices[0], c->devices[1]};
	char components[sizeof(c->install.components)];

	if (c->handler[0] == '\0' && (c->type == CONFIG_HANDLER || c->handled.components[0])) {
		*ret_why = "no [Programs] Handler=";
		return false;
	}
	if (c->handler[0] && c->type != CONFIG_HANDLER && !c->handled.components[0]) {
		*ret_why = "[Programs] Handler= needs HandlerComponents=, or [Slots] Type=handler";
		return false;
	}
	c->block.env.kind = c->boot.type == BOOT_GRUB ? BOOTENV_GRUB : BOOTENV_UBOOT;
	c->block.env.attempts = c->boot.attempts;
	c->block.tells_trial = c->boot.type == BOOT_CUSTOM && c->boot.script_tries;
	if (c->type != CONFIG_BLOCK)
		return true;
	if (!bootenv_set_names(&c->block.env, span_str(c->boot.names)))
		return false;
	if (c->boot.type == BOOT_CUSTOM && c->boot.script[0] == '\0') {
		*ret_why = "[Boot] Type=custom needs Script=";
		return false;
	}
	others(c->install.components, c->handled.components, components);
	return devices_parse(&c->block.devices, components, texts, ret_why);
}

int config_load(const char *path, struct config *ret, char *ret_error, size_t room)
{
	const char *why = "[Boot] Names=";
	int r;

	*ret = DEFAULTS;
	r = conf_load(path, OPTIONS, ARRAY_SIZE(OPTIONS), ret, ret_error, room);
	if (r < 0 && r != -ENOENT)
		return r;
	_Static_assert(sizeof(ret->block.directory) == sizeof(ret->slots.directory), "one folder");
	_Static_assert(sizeof(ret->block.boot_id_file) == sizeof(ret->slots.boot_id_file), "");
	memcpy(ret->block.boot_id_file, ret->slots.boot_id_file, sizeof(ret->block.boot_id_file));
	memcpy(ret->handled.boot_id_file, ret->slots.boot_id_file, sizeof(ret->slots.boot_id_file));
	memcpy(ret->handled.directory, ret->slots.directory, sizeof(ret->handled.directory));
	memcpy(ret->block.directory, ret->slots.directory, sizeof(ret->block.directory));
	if (is_consistent(ret, &why))
		return 0;
	(void)snprintf(ret_error, room, "%s: %s", path, why);
	return -EINVAL;
}
