#include <unistd.h>

#include "crypto/jwk.h"
#include "files.h"
#include "verbs.h"

static const struct cli_option GENERATE_OPTIONS[] = {
	{"alg",   "NAME",
	 "to sign: ES256 (default), ES384, EdDSA, PS256; to encrypt:\n"
	 "ECDH-ES, ECDH-ES+A128KW, ECDH-ES+A256KW, A128KW, A256KW, dir", 0	   },
	{"curve", "NAME", "of ECDH-ES: P-256 (default) or X25519",       0           },
	{"out",   "FILE", "where the private key goes; must not exist",  CLI_REQUIRED},
};

/* Takes the JWK. */
static enum cli_exit print_kid(const struct cli *cli, struct jsn *taken)
{
	CLEANUP(jsn_freep) struct jsn *jwk = taken;

	if (!jwk)
		return cli_fail("out of memory");
	if (cli->json)
		return json_write("-", jwk, JSN_PRETTY, FILES_PUBLIC) < 0 ? CLI_FAILED : CLI_OK;
	(void)printf("%s\n", jsn_str(jsn_get(jwk, "kid")));
	return CLI_OK;
}

#define CURVE_USAGE "--curve: want P-256 or X25519, for an --alg of ECDH-ES"
#define DIRECT_LEN  ((size_t)32) /* octets of a key for direct use: that of A256GCM */

static enum cli_exit generate_signing(const struct cli *cli, enum sig_alg alg)
{
	CLEANUP(key_freep) struct key *k = NULL;
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;

	if (cli_value(cli, "curve")) {
		cli_say(CURVE_USAGE);
		return CLI_USAGE;
	}
	if (key_generate(sig_alg_key(alg), &k) < 0)
		return cli_fail("cannot make a key");
	jwk = jwk_export_private(k);
	if (json_write(cli_value(cli, "out"), jwk, JSN_PRETTY, FILES_SECRET) < 0)
		return CLI_FAILED;
	return print_kid(cli, jwk_export(k));
}

static enum cli_exit generate_encryption(const struct cli *cli, enum enc_alg alg)
{
	CLEANUP(enc_key_freep) struct enc_key *k = NULL;
	CLEANUP(jsn_freep) struct jsn *jwk = NULL;
	const char *name = cli_value(cli, "curve");
	bool x25519 = name && strcmp(name, "X25519") == 0;
	struct jsn *public;

	if (name && (!enc_alg_agrees(alg) || (!x25519 && strcmp(name, "P-256") != 0))) {
		cli_say(CURVE_USAGE);
		return CLI_USAGE;
	}
	if (enc_key_generate(alg, x25519 ? EC_X25519 : EC_P256, DIRECT_LEN, &k) < 0)
		return cli_fail("cannot make a key");
	jwk = enc_key_export(k, true);
	if (json_write(cli_value(cli, "out"), jwk, JSN_PRETTY, FILES_SECRET) < 0)
		return CLI_FAILED;
	if (enc_alg_agrees(alg))
		return print_kid(cli, enc_key_export(k, false));
	public = jsn_new_object(); /* of a symmetric key no more than its name */
	jsn_set_str(public, "kid", enc_key_kid(k));
	jsn_set_str(public, "alg", enc_alg_name(alg));
	return print_kid(cli, public);
}

static enum cli_exit generate(const struct cli *cli)
{
	struct span name = span_str(cli_value(cli, "alg") ? cli_value(cli, "alg") : "ES256");
	enum sig_alg sig;
	enum enc_alg enc;

	if (strcmp(cli_value(cli, "out"), "-") == 0) {
		cli_say("--out: want a file, a private key is not shown");
		return CLI_USAGE;
	}
	if (enc_alg_from_name(name, &enc))
		return generate_encryption(cli, enc);
	if (sig_alg_from_name(name, &sig) && sig != SIG_HSS)
		return generate_signing(cli, sig);
	cli_say("--alg: want ES256, ES384, EdDSA or PS256 to sign, or ECDH-ES, ECDH-ES+A128KW, "
		"ECDH-ES+A256KW, A128KW, A256KW or dir to encrypt");
	return CLI_USAGE;
}

const struct cli_verb VERB_KEY_GENERATE = {
	.group = "key",
	.name = "generate",
	.operands = "",
	.summary = "Makes a key for signing or encryption and prints its kid",
	.help = "The private key is a JWK of mode 0600. Keep it off the servers that publish.",
	.options = GENERATE_OPTIONS,
	.n_options = ARRAY_SIZE(GENERATE_OPTIONS),
	.example = "--out release.jwk",
	.run = generate,
};

static enum cli_exit public(const struct cli *cli) {
	struct jsn *jwk = public_read(cli->operands[0]);

	return jwk ? json_print(jwk) : CLI_FAILED;
}

const struct cli_verb VERB_KEY_PUBLIC = {
	.group = "key",
	.name = "public",
	.operands = "KEYFILE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Prints the public half of a key as a JWK",
	.example = "device.jwk > device.pub.jwk",
	.run = public,
};

static enum cli_exit thumbprint(const struct cli *cli)
{
	struct jsn *jwk = public_read(cli->operands[0]);
	char text[JWK_THUMBPRINT_LEN + 1];

	if (!jwk || jwk_thumbprint(jwk, text) < 0) {
		(void)jsn_free(jwk);
		return CLI_FAILED;
	}
	jsn_set_str(jwk, "kid", text);
	return print_kid(cli, jwk);
}

const struct cli_verb VERB_KEY_THUMBPRINT = {
	.group = "key",
	.name = "thumbprint",
	.operands = "KEYFILE",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Prints the thumbprint of a key (RFC 7638), its kid if it has no other",
	.example = "release.jwk",
	.run = thumbprint,
};

static const struct cli_option TRUST_OPTIONS[] = {
	{"manufacturer", "NAME", "whose firmware the keys may sign", CLI_REPEATABLE},
	{"role",         "ROLE", "manifest (default) or root",       CLI_REPEATABLE},
	{"revoke",       "KID",  "never accept this key again",      CLI_REPEATABLE},
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

/* The trust store as it is, or an empty one for the first keys. */
static int load_store(const struct cli *cli, struct jsn **ret)
{
	const char *path = cli->operands[0];

	if (cli->n_operands > 1 && strcmp(path, "-") != 0 && access(path, F_OK) < 0 &&
	    errno == ENOENT) {
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

/* A mistyped kid would revoke nothing. */
static void revoke_key(struct jsn *store, const char *kid)
{
	const struct jsn *keys = jsn_get(store, "keys");
	bool found = false;

	for (size_t i = 0; i < jsn_len(keys); i++)
		found |= span_is(jsn_text(jsn_get(jsn_at(keys, i), "kid")), kid);
	if (!found)
		cli_warn("--revoke %s: no key here has this kid", kid);
	append(store, "x-ocf-revoked", jsn_new_text(span_str(kid)));
}

static bool trust_usage(const struct cli *cli)
{
	const struct cli_values *roles = cli_values(cli, "role");
	const struct cli_values *names = cli_values(cli, "manufacturer");

	for (size_t i = 0; i < roles->n; i++) {
		if (strcmp(roles->at[i], "manifest") != 0 && strcmp(roles->at[i], "root") != 0) {
			cli_say("--role: want manifest or root");
			return false;
		}
	}
	for (size_t i = 0; i <= names->n && cli->n_operands > 1; i++) {
		if (i < names->n ? names->at[i][0] == '\0' : names->n == 0) {
			cli_say("--manufacturer: say whose firmware the keys may sign");
			return false;
		}
	}
	if (cli->n_operands == 1 && cli_values(cli, "revoke")->n == 0) {
		cli_say("nothing to do: give a KEYFILE or --revoke");
		return false;
	}
	return true;
}

static enum cli_exit trust(const struct cli *cli)
{
	CLEANUP(jsn_freep) struct jsn *store = NULL;
	const struct cli_values *revoke = cli_values(cli, "revoke");

	if (!trust_usage(cli))
		return CLI_USAGE;
	if (load_store(cli, &store) < 0)
		return CLI_FAILED;
	for (size_t i = 1; i < cli->n_operands; i++) {
		if (add_key(cli, store, cli->operands[i]) < 0)
			return CLI_FAILED;
	}
	for (size_t i = 0; i < revoke->n; i++)
		revoke_key(store, revoke->at[i]);
	if (check_store(store) < 0 ||
	    json_write(cli->operands[0], store, JSN_PRETTY, FILES_PUBLIC) < 0)
		return CLI_FAILED;
	return cli->json && strcmp(cli->operands[0], "-") != 0 ? json_print(jsn_copy(store))
							       : CLI_OK;
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
	.example = "--manufacturer example.com trust.jwks release.jwk",
	.run = trust,
};
