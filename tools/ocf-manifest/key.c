#include <unistd.h>

#include "crypto/jwk.h"
#include "files.h"
#include "verbs.h"

static const struct cli_option GENERATE_OPTIONS[] = {
	{"alg", "NAME", "ES256 (default), ES384, EdDSA or PS256",     false},
	{"out", "FILE", "where the private key goes; must not exist", true },
};

static enum cli_exit print_kid(const struct cli *cli, const struct key *k)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(k);

	if (!jwk)
		return cli_fail("out of memory");
	if (cli->json)
		return json_write("-", jwk, JSN_PRETTY, FILES_PUBLIC) < 0 ? CLI_FAILED : CLI_OK;
	(void)printf("%s\n", jsn_str(jsn_get(jwk, "kid")));
	return CLI_OK;
}

static enum cli_exit generate(const struct cli *cli)
{
	CLEANUP(key_freep) struct key *k = NULL;
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	const char *name = cli_value(cli, "alg");
	enum sig_alg alg = SIG_ES256;

	if (name && (!sig_alg_from_name(span_str(name), &alg) || alg == SIG_HSS)) {
		cli_say("--alg: want ES256, ES384, EdDSA or PS256");
		return CLI_USAGE;
	}
	if (key_generate(sig_alg_key(alg), &k) < 0)
		return cli_fail("cannot make a key");
	jwk = jwk_export_private(k);
	if (json_write(cli_value(cli, "out"), jwk, JSN_PRETTY, FILES_SECRET) < 0)
		return CLI_FAILED;
	return print_kid(cli, k);
}

const struct cli_verb VERB_KEY_GENERATE = {
	.group = "key",
	.name = "generate",
	.operands = "",
	.summary = "Makes a key pair for signing and prints its kid",
	.help = "The private key is a JWK of mode 0600. Keep it off the servers that publish.",
	.options = GENERATE_OPTIONS,
	.n_options = ARRAY_SIZE(GENERATE_OPTIONS),
	.run = generate,
};

static enum cli_exit public(const struct cli *cli) {
	CLEANUP(key_freep) struct key *k = NULL;

	if (key_read_public(cli->operands[0], &k) < 0) return CLI_FAILED;
	return json_print(jwk_export(k));
}

const struct cli_verb VERB_KEY_PUBLIC = {
	.group = "key",
	.name = "public",
	.operands = "KEYFILE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Prints the public half of a key as a JWK",
	.run = public,
};

static enum cli_exit thumbprint(const struct cli *cli)
{
	CLEANUP(key_freep) struct key *k = NULL;

	if (key_read_public(cli->operands[0], &k) < 0)
		return CLI_FAILED;
	return print_kid(cli, k);
}

const struct cli_verb VERB_KEY_THUMBPRINT = {
	.group = "key",
	.name = "thumbprint",
	.operands = "KEYFILE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Prints the thumbprint of a key (RFC 7638), which is its kid",
	.run = thumbprint,
};

static const struct cli_option TRUST_OPTIONS[] = {
	{"manufacturer", "NAME", "whose firmware the keys may sign; repeatable", false},
	{"role",         "ROLE", "manifest (default) or root; repeatable",       false},
	{"revoke",       "KID",  "never accept this key again; repeatable",      false},
};

static struct jsn *texts(const struct cli_values *values, const char *otherwise)
{
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; i < values->n; i++)
		jsn_add(array, jsn_new_text(span_str(values->at[i])));
	if (values->n == 0)
		jsn_add(array, jsn_new_text(span_str(otherwise)));
	return array;
}

/* The trust store as it is, or an empty one. */
static int load_store(const char *path, struct jsn **ret)
{
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		*ret = jsn_new_object();
		jsn_set(*ret, "keys", jsn_new_array());
		return 0;
	}
	return json_read(path, JWK_FILE_MAX, JWK_DEPTH_MAX, ret);
}

/* Arrays are read-only once they are in place: a longer one replaces them. */
static void append(struct jsn *store, const char *name, struct jsn *taken)
{
	struct jsn *longer = jsn_new_array();
	const struct jsn *old = jsn_get(store, name);

	for (size_t i = 0; i < jsn_len(old); i++)
		jsn_add(longer, jsn_copy(jsn_at(old, i)));
	jsn_add(longer, taken);
	jsn_set(store, name, longer);
}

static int add_key(const struct cli *cli, struct jsn *store, const char *path)
{
	CLEANUP(key_freep) struct key *k = NULL;
	struct jsn *jwk;
	int r = key_read_public(path, &k);

	if (r < 0)
		return r;
	jwk = jwk_export(k);
	jsn_set(jwk, "x-ocf-roles", texts(cli_values(cli, "role"), "manifest"));
	jsn_set(jwk, "x-ocf-manufacturers", texts(cli_values(cli, "manufacturer"), ""));
	append(store, "keys", jwk);
	return 0;
}

/* What is written must be taken by every device. */
static int check_store(const struct jsn *store)
{
	CLEANUP(trust_freep) struct trust *t = NULL;
	struct buf text = BUF_INIT(JWK_FILE_MAX);
	char error[128] = "too large";
	int r = jsn_write(store, JSN_PRETTY, &text);

	if (r == 0)
		r = trust_parse(buf_span(&text), &t, error, sizeof(error));
	buf_done(&text);
	if (r < 0)
		cli_say("%s", error);
	return r;
}

static enum cli_exit trust(const struct cli *cli)
{
	CLEANUP(jsn_freep) struct jsn *store = NULL;
	const struct cli_values *roles = cli_values(cli, "role");
	const struct cli_values *revoke = cli_values(cli, "revoke");

	for (size_t i = 0; i < roles->n; i++) {
		if (strcmp(roles->at[i], "manifest") != 0 && strcmp(roles->at[i], "root") != 0) {
			cli_say("--role: want manifest or root");
			return CLI_USAGE;
		}
	}
	if (cli->n_operands > 1 && cli_values(cli, "manufacturer")->n == 0) {
		cli_say("--manufacturer: say whose firmware the keys may sign");
		return CLI_USAGE;
	}
	if (load_store(cli->operands[0], &store) < 0)
		return CLI_FAILED;
	for (size_t i = 1; i < cli->n_operands; i++) {
		if (add_key(cli, store, cli->operands[i]) < 0)
			return CLI_FAILED;
	}
	for (size_t i = 0; i < revoke->n; i++)
		append(store, "x-ocf-revoked", jsn_new_text(span_str(revoke->at[i])));
	if (check_store(store) < 0 ||
	    json_write(cli->operands[0], store, JSN_PRETTY, FILES_PUBLIC) < 0)
		return CLI_FAILED;
	return CLI_OK;
}

const struct cli_verb VERB_KEY_TRUST = {
	.group = "key",
	.name = "trust",
	.operands = "TRUSTFILE [KEYFILE]...",
	.operands_min = 1,
	.operands_max = CLI_VALUES_MAX,
	.summary = "Adds public keys to a trust store, or makes one",
	.help = "The trust store is what devices get: a JWK Set of public keys with roles,\n"
		"manufacturers and revoked kids. Of a private key only the public half is taken.",
	.options = TRUST_OPTIONS,
	.n_options = ARRAY_SIZE(TRUST_OPTIONS),
	.run = trust,
};
