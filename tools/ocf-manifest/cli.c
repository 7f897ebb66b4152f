#include "cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>

#include "base/parse.h"
#include "codec/jsn.h"
#include "hints.h"

/* For --json: why the verb fails, as far as it was told. */
static struct {
	char why[PATH_MAX + 512];
	const char *error; /* or NULL */
	const char *answer;
	bool answered, json;
} told;

enum { OPT_HELP = 'h', OPT_JSON = 'j', OPT_VERSION = 'V', OPT_FIRST = 256 };

static bool may_be_left_out(const struct cli_option *o)
{
	return o->value && o->value[0] == '[';
}

#define HELP_COLUMN 27

/* Further lines begin in the same column. */
static void print_text(const char *text)
{
	for (; *text != '\0'; text++) {
		(void)putchar(*text);
		if (*text == '\n')
			(void)printf("%*s", HELP_COLUMN + 2, "");
	}
}

static void print_options(const struct cli_verb *v)
{
	for (size_t i = 0; i < v->n_options; i++) {
		const struct cli_option *o = &v->options[i];
		const char *space = o->value && !may_be_left_out(o) ? " " : "";
		int n = printf("  --%s%s%s", o->name, space, o->value ? o->value : "");

		(void)printf("%*s", n < HELP_COLUMN ? HELP_COLUMN + 2 - n : 2, "");
		print_text(o->help);
		(void)printf("%s%s\n", (o->flags & CLI_REPEATABLE) != 0 ? "; repeatable" : "",
			     (o->flags & CLI_REQUIRED) != 0 ? " (required)" : "");
	}
	(void)printf("  --json%21sone JSON object on standard output\n  --help\n", "");
}

static void print_verb(const struct cli_verb *v)
{
	(void)printf("Usage: ocf-manifest %s%s%s [OPTION]...%s%s\n\n%s.\n",
		     v->group ? v->group : "", v->group ? " " : "", v->name,
		     v->operands_max > 0 ? " " : "", v->operands, v->summary);
	if (v->help)
		(void)printf("%s\n", v->help);
	(void)putchar('\n');
	print_options(v);
	(void)printf("\nExample: ocf-manifest %s%s%s %s\n", v->group ? v->group : "",
		     v->group ? " " : "", v->name, v->example);
}

/* All verbs, or those of a group. */
static void print_verbs(const struct cli_verb *const *verbs, size_t n, const char *group)
{
	(void)printf("Usage: ocf-manifest VERB [OPTION]... [OPERAND]...\n\n"
		     "Makes, signs, checks and publishes firmware manifests.\n\n");
	for (size_t i = 0; i < n; i++) {
		const struct cli_verb *v = verbs[i];

		if (group && (!v->group || strcmp(v->group, group) != 0))
			continue;
		(void)printf("  %s%s%-*s %s\n", v->group ? v->group : "", v->group ? " " : "",
			     v->group ? 15 - (int)strlen(v->group) : 16, v->name, v->summary);
	}
	(void)printf("\nocf-manifest VERB --help tells more of each.\n"
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
	const char *out = cli_value(cli, "out");

	for (size_t i = 0; i < v->n_options; i++) {
		unsigned flags = v->options[i].flags;

		if ((flags & CLI_REQUIRED) != 0 && cli->values[i].n == 0)
			return usage(v, "missing --", v->options[i].name);
		if (v->options[i].value && (flags & CLI_REPEATABLE) == 0 && cli->values[i].n > 1)
			return usage(v, "given more than once: --", v->options[i].name);
	}
	if (cli->n_operands < v->operands_min || cli->n_operands > v->operands_max)
		return usage(v, "wrong number of operands: want ",
			     v->operands_max > 0 ? v->operands : "none");
	if (cli->json && v->octets && (!out || strcmp(out, "-") == 0))
		return usage(v, "--json needs --out FILE", "");
	return CLI_OK;
}

/* Takes one option; true: go on. */
static bool take(struct cli *cli, int opt, const char *word, enum cli_exit *ret)
{
	struct cli_values *values;

	if (opt == OPT_HELP) {
		print_verb(cli->verb);
		*ret = CLI_OK;
		return false;
	}
	*ret = CLI_USAGE;
	if (opt == OPT_JSON) {
		told.json = cli->json = true;
		return true;
	}
	if (opt < OPT_FIRST) {
		(void)usage(cli->verb,
			    opt == ':' ? "a value is missing behind "
				       : "no such option, or it takes no value: ",
			    word);
		return false;
	}
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
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (!take(&cli, opt, argv[optind - 1], &r))
			return r;
	}
	cli.operands = argv + optind;
	cli.n_operands = (size_t)(argc - optind);
	r = check(&cli);
	return r == CLI_OK ? v->run(&cli) : r;
}

static bool wants_json(int argc, char *argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

static void print_failure(void)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	struct buf text CLEANUP(buf_done) = BUF_INIT(8 * sizeof(told.why));

	if (!span_is_utf8(span_str(told.why))) { /* the name of a file, perhaps */
		for (char *p = told.why; *p != '\0'; p++) {
			if (*p < ' ' || *p > '~')
				*p = '?';
		}
	}
	if (told.answer)
		jsn_set(root, told.answer, jsn_new_null());
	jsn_set(root, "error", told.error ? jsn_new_text(span_str(told.error)) : jsn_new_null());
	jsn_set_str(root, "message", told.why);
	if (jsn_write(root, JSN_PRETTY, &text) == 0)
		(void)printf("%.*s\n", (int)text.len, (const char *)text.ptr);
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static enum cli_exit answer_without_verb(int argc, char *argv[],
					 const struct cli_verb *const *verbs, size_t n)
{
	const char *group = NULL, *word;

	for (size_t i = 0; i < n && argc > 1; i++)
		group = verbs[i]->group && strcmp(verbs[i]->group, argv[1]) == 0 ? argv[1] : group;
	word = argc <= 1 ? NULL : group ? argv[2] : argv[1];
	if (word && is_help(word)) {
		print_verbs(verbs, n, group);
		return CLI_OK;
	}
	cli_say("%s%s%s%s; see ocf-manifest %s%s--help", word ? "no such verb: " : "which verb?",
		word && group ? group : "", word && group ? " " : "", word ? word : "",
		group ? group : "", group ? " " : "");
	return CLI_USAGE;
}

static enum cli_exit answer(int argc, char *argv[], const struct cli_verb *const *verbs, size_t n)
{
	const struct cli_verb *v;
	int words;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)printf("ocf-manifest %s\n", OCFGW_VERSION);
		return CLI_OK;
	}
	v = find_verb(argc, argv, verbs, n, &words);
	if (!v)
		return answer_without_verb(argc, argv, verbs, n);
	argv[words] = argv[0];
	told.answer = v->answer;
	return run(v, argc - words, argv + words);
}

enum cli_exit cli_main(int argc, char *argv[], const struct cli_verb *const *verbs, size_t n)
{
	enum cli_exit r;

	told.json = wants_json(argc, argv);
	r = answer(argc, argv, verbs, n);
	if (told.json && r != CLI_OK && !told.answered)
		print_failure();
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_say("cannot write to standard output");
		return r == CLI_OK ? CLI_FAILED : r;
	}
	return r;
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
	char text[sizeof(told.why)];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)fprintf(stderr, "ocf-manifest: %s\n", text);
	if (told.why[0] == '\0')
		memcpy(told.why, text, sizeof(text));
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

void cli_refuse(const char *what, enum fw_error e)
{
	const char *hint = hint_for(e);

	if (!told.error)
		told.error = fw_error_name(e);
	cli_say("%s: %s%s%s", what, fw_error_name(e), *hint != '\0' ? ": " : "", hint);
}

void cli_warn(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("ocf-manifest: warning: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void cli_answered(void)
{
	told.answered = true;
}
