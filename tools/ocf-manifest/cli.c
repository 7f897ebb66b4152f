#include "cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>

#include "base/parse.h"

enum { OPT_HELP = 'h', OPT_JSON = 'j', OPT_VERSION = 'V', OPT_FIRST = 256 };

static bool may_be_left_out(const struct cli_option *o)
{
	return o->value && o->value[0] == '[';
}

static void print_options(FILE *to, const struct cli_verb *v)
{
	for (size_t i = 0; i < v->n_options; i++) {
		const struct cli_option *o = &v->options[i];
		int width = (int)strlen(o->name) + (o->value ? (int)strlen(o->value) + 1 : 0);

		(void)fprintf(to, "  --%s%s%s%*s %s%s\n", o->name,
			      o->value && !may_be_left_out(o) ? " " : "", o->value ? o->value : "",
			      width < 24 ? 24 - width : 0, "", o->help,
			      o->required ? " (required)" : "");
	}
	(void)fprintf(to, "  --json%20s JSON on standard output\n  --help\n", "");
}

static void print_verb(FILE *to, const struct cli_verb *v)
{
	(void)fprintf(to, "Usage: ocf-manifest %s%s%s [OPTION]... %s\n\n%s.\n",
		      v->group ? v->group : "", v->group ? " " : "", v->name, v->operands,
		      v->summary);
	if (v->help)
		(void)fprintf(to, "%s\n", v->help);
	(void)fputc('\n', to);
	print_options(to, v);
}

static void print_verbs(FILE *to, const struct cli_verb *const *verbs, size_t n)
{
	(void)fprintf(to, "Usage: ocf-manifest VERB [OPTION]... [OPERAND]...\n\n"
			  "Makes, signs, checks and publishes firmware manifests.\n\n");
	for (size_t i = 0; i < n; i++) {
		const struct cli_verb *v = verbs[i];

		(void)fprintf(to, "  %s%s%-*s %s\n", v->group ? v->group : "", v->group ? " " : "",
			      v->group ? 15 - (int)strlen(v->group) : 16, v->name, v->summary);
	}
	(void)fprintf(to, "\nocf-manifest VERB --help tells more of each.\n"
			  "Exit: 0 done or accepted, 1 refused or failed, 2 usage.\n");
}

static const struct cli_verb *find_verb(int argc, char *argv[], const struct cli_verb *const *verbs,
					size_t n, int *ret_words)
{
	for (size_t i = 0; i < n; i++) {
		const struct cli_verb *v = verbs[i];

		*ret_words = v->group ? 2 : 1;
		if (argc > *ret_words && strcmp(argv[*ret_words], v->name) == 0 &&
		    (!v->group || strcmp(argv[1], v->group) == 0))
			return v;
	}
	return NULL;
}

static enum cli_exit usage(const struct cli_verb *v, const char *what, const char *which)
{
	cli_say("%s%s; see ocf-manifest %s%s%s --help", what, which, v->group ? v->group : "",
		v->group ? " " : "", v->name);
	return CLI_USAGE;
}

static enum cli_exit check(const struct cli *cli)
{
	const struct cli_verb *v = cli->verb;

	for (size_t i = 0; i < v->n_options; i++) {
		if (v->options[i].required && cli->values[i].n == 0)
			return usage(v, "missing --", v->options[i].name);
	}
	if (cli->n_operands < v->operands_min || cli->n_operands > v->operands_max)
		return usage(v, "wrong number of operands: want ", v->operands);
	return CLI_OK;
}

/* Takes one option; true: go on. */
static bool take(struct cli *cli, int opt, enum cli_exit *ret)
{
	struct cli_values *values;

	if (opt == OPT_HELP) {
		print_verb(stdout, cli->verb);
		*ret = CLI_OK;
		return false;
	}
	*ret = CLI_USAGE;
	if (opt == OPT_JSON) {
		cli->json = true;
		return true;
	}
	if (opt < OPT_FIRST) /* getopt has told it */
		return false;
	values = &cli->values[opt - OPT_FIRST];
	if (values->n == CLI_VALUES_MAX) {
		(void)usage(cli->verb, "too many of --", cli->verb->options[opt - OPT_FIRST].name);
		return false;
	}
	values->at[values->n++] = optarg ? optarg : "";
	return true;
}

static enum cli_exit run(const struct cli_verb *v, int argc, char *argv[])
{
	struct option options[CLI_OPTIONS_MAX + 3] = {0};
	struct cli cli = {.verb = v};
	enum cli_exit r;
	int opt;

	for (size_t i = 0; i < v->n_options; i++)
		options[i] = (struct option){v->options[i].name,
					     may_be_left_out(&v->options[i]) ? optional_argument
					     : v->options[i].value           ? required_argument
									     : no_argument,
					     NULL, OPT_FIRST + (int)i};
	options[v->n_options] = (struct option){"json", 0, NULL, OPT_JSON};
	options[v->n_options + 1] = (struct option){"help", 0, NULL, OPT_HELP};
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (!take(&cli, opt, &r))
			return r;
	}
	cli.operands = argv + optind;
	cli.n_operands = (size_t)(argc - optind);
	r = check(&cli);
	if (r == CLI_OK)
		r = v->run(&cli);
	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_fail("cannot write to standard output");
	return r;
}

enum cli_exit cli_main(int argc, char *argv[], const struct cli_verb *const *verbs, size_t n)
{
	const struct cli_verb *v;
	int words;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_verbs(stdout, verbs, n);
		return CLI_OK;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)printf("ocf-manifest %s\n", OCFGW_VERSION);
		return CLI_OK;
	}
	v = find_verb(argc, argv, verbs, n, &words);
	if (!v) {
		print_verbs(stderr, verbs, n);
		return CLI_USAGE;
	}
	argv[words] = argv[0]; /* getopt names it in its messages */
	return run(v, argc - words, argv + words);
}

const struct cli_values *cli_values(const struct cli *cli, const char *name)
{
	static const struct cli_values NONE;

	for (size_t i = 0; i < cli->verb->n_options; i++) {
		if (strcmp(cli->verb->options[i].name, name) == 0)
			return &cli->values[i];
	}
	return &NONE;
}

const char *cli_value(const struct cli *cli, const char *name)
{
	const struct cli_values *v = cli_values(cli, name);

	return v->n > 0 ? v->at[v->n - 1] : NULL;
}

bool cli_number(const struct cli *cli, const char *name, uint64_t max, uint64_t *ret)
{
	const char *text = cli_value(cli, name);
	uint64_t n;

	if (!text)
		return true;
	if (!parse_u64(span_str(text), &n) || n > max) {
		cli_say("--%s: want a number up to %" PRIu64, name, max);
		return false;
	}
	*ret = n;
	return true;
}

PRINTF_LIKE(1, 0) static void say(const char *fmt, va_list ap)
{
	(void)fputs("ocf-manifest: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
}

void cli_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

enum cli_exit cli_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}
