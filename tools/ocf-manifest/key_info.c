#include "crypto/jwk.h"
#include "files.h"
#include "verbs.h"

static const struct cli_option OPTIONS[] = {
	{"version", "N",    "of the key set; devices want it above the one they have", CLI_REQUIRED  },
	{"revoke",  "KID",  "never accept this key again",                             CLI_REPEATABLE},
	{"out",     "FILE", "default: standard output",                                0             },
};

static enum cli_exit info(const struct cli *cli)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	const struct cli_values *revoke = cli_values(cli, "revoke");
	struct jsn *keys = jsn_new_array(), *revoked = jsn_new_array();
	uint64_t version = 0;

	jsn_set(root, "keys", keys);
	for (size_t i = 0; i < revoke->n; i++)
		jsn_add(revoked, jsn_new_text(span_str(revoke->at[i])));
	if (revoke->n > 0)
		jsn_set(root, "revoked", revoked);
	else
		(void)jsn_free(revoked);
	if (!cli_number(cli, "version", MANIFEST_UINT_MAX, &version))
		return CLI_USAGE;
	jsn_set_int(root, "version", (int64_t)version);
	for (size_t i = 0; i < cli->n_operands; i++) {
		CLEANUP(key_freep) struct key *k = NULL;
		struct jsn *jwk;

		if (key_read_public(cli->operands[i], &k) < 0)
			return CLI_FAILED;
		jwk = jwk_export(k);
		jsn_del(jwk, "use"); /* a COSE_Key has none, and both forms shall say the same */
		jsn_add(keys, jwk);
	}
	return output_json(cli, root, JSN_PRETTY) < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_verb VERB_KEY_INFO = {
	.group = "key",
	.name = "info",
	.operands = "KEYFILE...",
	.operands_min = 1,
	.operands_max = CLI_VALUES_MAX,
	.summary = "Makes the key set that a manifest brings to devices",
	.help = "Give the result to create --key-info, and sign that manifest with a key of the "
		"role\n"
		"root. Devices that accept it take signatures of exactly these keys from then on,\n"
		"beside those of installed root keys. List every key that shall go on signing.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.example = "--version 2 --out keys.json next.jwk",
	.run = info,
};
