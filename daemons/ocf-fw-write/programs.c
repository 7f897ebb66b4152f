#include "programs.h"

#include "config.h"

#define TOOL_LIMIT_MS ((uint32_t)30 * 1000)

bool programs_fill(struct runner_program ret[PROGRAMS], const struct config *config)
{
	static const char *print[3] = {"-c"};
	static const char *set[5] = {"-c", NULL, "-s", "/proc/self/fd/0"};
	const struct boot_config *b = &config->boot;
	uint32_t limit_ms = (uint32_t)(config->limit_us / 1000);
	bool any = false;

	print[1] = b->env_config;
	set[1] = b->env_config;
	ret[PROGRAM_PRINTENV] =
		(struct runner_program){"fw_printenv", b->printenv, print, TOOL_LIMIT_MS};
	ret[PROGRAM_SETENV] = (struct runner_program){"fw_setenv", b->setenv, set, TOOL_LIMIT_MS};
	ret[PROGRAM_BOOT_SCRIPT] =
		(struct runner_program){"boot script", b->script, NULL, TOOL_LIMIT_MS};
	ret[PROGRAM_PRE_INSTALL] =
		(struct runner_program){"PreInstall", config->pre_install, NULL, limit_ms};
	ret[PROGRAM_PRE_COMMIT] =
		(struct runner_program){"PreCommit", config->pre_commit, NULL, limit_ms};
	ret[PROGRAM_POST_INSTALL] =
		(struct runner_program){"PostInstall", config->post_install, NULL, limit_ms};
	ret[PROGRAM_HANDLER] = (struct runner_program){"handler", config->handler, NULL, limit_ms};
	if (config->type != CONFIG_BLOCK || b->type != BOOT_UBOOT)
		ret[PROGRAM_PRINTENV].path = ret[PROGRAM_SETENV].path = "";
	if (config->type != CONFIG_BLOCK || b->type != BOOT_CUSTOM)
		ret[PROGRAM_BOOT_SCRIPT].path = "";
	for (size_t i = 0; i < PROGRAMS; i++)
		any |= ret[i].path[0] != '\0';
	return any;
}
