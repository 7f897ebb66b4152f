#include <getopt.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "options.h"

#define OPTS_MAX 64

/* The command's options and arguments; an outcome other than OUT_OK ends the program. */
static enum outcome parse(const struct command *c, int argc, char *argv[], struct options *o,
			  bool *ret_help)
{
	struct option longs[OPTS_MAX + 1] = {0};
	int chosen, got;

	for (size_t i = 0; i < N_OPTS; i++)
		longs[i] = (struct option){.name = OPTS[i].name, .has_arg = OPTS[i].value != NULL};
	while ((got = getopt_long(argc, argv, "", longs, &chosen)) != -1) {
		const struct opt *opt = got == 0 ? &OPTS[chosen] : NULL;
		const char *wrong;

		if (!opt)
			return OUT_USAGE;
		if (!((c->options | O_COMMON) & opt->bit))
			return out_fail(false, OUT_USAGE, "%s takes no --%s", c->name, opt->name);
		if (opt->bit == O_HELP) {
			*ret_help = true;
			return OUT_OK;
		}
		wrong = opt->set(o, optarg);
		if (wrong)
			return out_fail(o->json, OUT_USAGE, "--%s %s", opt->name, wrong);
	}
	o->args = argv + optind;
	o->n_args = (size_t)(argc - optind);
	if (o->n_args < c->min_args || o->n_args > c->max_args)
		return out_fail(o->json, OUT_USAGE, "usage: ocf-obt %s [OPTION]... %s", c->name,
				c->args);
	return OUT_OK;
}

int main(int argc, char *argv[])
{
	struct options o = {.timeout_us = 3 * USEC_PER_SEC,
			    .deadline_us = 60 * USEC_PER_SEC,
			    .scope = 2,
			    .jobs = 32,
			    .attempts = 4};
	const char *name = argc > 1 ? argv[1] : "";
	enum outcome outcome;
	bool help = false;

	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* it would hold keys */
	if (strcmp(name, "--version") == 0) {
		(void)printf("ocf-obt %s\n", OCFGW_VERSION);
		return OUT_OK;
	}
	if (strcmp(name, "help") == 0 && argc > 2 && strcmp(argv[2], "--words") == 0) {
		help_words(argc > 3 ? argv[3] : NULL);
		return OUT_OK;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		help_general(stdout);
		return OUT_OK;
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(name, COMMANDS[i].name) != 0)
			continue;
		outcome = parse(&COMMANDS[i], argc - 1, argv + 1, &o, &help);
		if (help)
			help_command(&COMMANDS[i]);
		else if (outcome == OUT_OK)
			outcome = COMMANDS[i].run(&o);
		return (int)outcome;
	}
	if (name[0])
		return (int)out_fail(false, OUT_USAGE, "no command %s: ocf-obt --help lists them",
				     name);
	help_general(stderr);
	return OUT_USAGE;
}
