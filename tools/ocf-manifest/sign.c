#include "codec/b64.h"
#include "document.h"
#include "files.h"
#include "verbs.h"

static const struct cli_option OPTIONS[] = {
	{"key",       "FILE", "private key: JWK or PEM, readable by its owner only", true },
	{"out",       "FILE", "default: standard output",                            false},
	{"compact",   NULL,   "compact serialization instead of general JSON",       false},
	{"flattened", NULL,   "flattened JSON instead of general JSON",              false},
};

/* The signatures that are there, as elements of `signatures`. */
static struct jsn *old_entries(const struct document *d)
{
	struct jsn *array = jsn_new_array();

	for (size_t i = 0; d->jws && i < d->jws->n; i++) {
		const struct jws_entry *e = &d->jws->entries[i];
		struct jsn *entry = jsn_new_object();

		if (e->protected_text.len > 0)
			jsn_set_text(entry, "protected", e->protected_text);
		if (e->unprotected)
			jsn_set(entry, "header", jsn_copy(e->unprotected));
		jsn_set_text(entry, "signature", e->signature_text);
		jsn_add(array, entry);
	}
	return array;
}

static int put_general(struct span payload, const struct jsn *entries, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();

	jsn_set_text(root, "payload", payload);
	jsn_set(root, "signatures", jsn_copy(entries));
	return jsn_write(root, JSN_COMPACT, out);
}

static int put_flattened(struct span payload, const struct jsn *entries, struct buf *out)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_copy(jsn_at(entries, 0));

	jsn_set_text(root, "payload", payload);
	return jsn_write(root, JSN_COMPACT, out);
}

static void put_compact(struct span payload, const struct jsn *entries, struct buf *out)
{
	buf_put(out, jsn_text(jsn_get(jsn_at(entries, 0), "protected")));
	buf_put_byte(out, '.');
	buf_put(out, payload);
	buf_put_byte(out, '.');
	buf_put(out, jsn_text(jsn_get(jsn_at(entries, 0), "signature")));
}

static int serialize(const struct cli *cli, struct span payload, const struct jsn *entries,
		     struct buf *out)
{
	bool compact = cli_value(cli, "compact"), flattened = cli_value(cli, "flattened");
	int r = 0;

	if ((compact || flattened) && jsn_len(entries) > 1) {
		cli_say("only general JSON holds several signatures");
		return -EINVAL;
	}
	if (compact)
		put_compact(payload, entries, out);
	else if (flattened)
		r = put_flattened(payload, entries, out);
	else
		r = put_general(payload, entries, out);
	return r == 0 && buf_ok(out) ? 0 : -ENOMEM;
}

/* A trust store with this key alone, as the maker's devices would have it. */
static int trust_only(const struct key *k, const char *manufacturer, struct trust **ret)
{
	CLEANUP(jsn_freep) struct jsn *root = jsn_new_object();
	struct jsn *keys = jsn_new_array(), *jwk = jwk_export(k);
	struct jsn *roles = jsn_new_array(), *manufacturers = jsn_new_array();
	struct buf text = BUF_INIT(JWK_FILE_MAX);
	char error[128];
	int r;

	jsn_add(roles, jsn_new_text(SPAN_LIT("manifest")));
	jsn_add(manufacturers, jsn_new_text(span_str(manufacturer)));
	jsn_set(jwk, "x-ocf-roles", roles);
	jsn_set(jwk, "x-ocf-manufacturers", manufacturers);
	jsn_add(keys, jwk);
	jsn_set(root, "keys", keys);
	r = jsn_write(root, JSN_COMPACT, &text);
	if (r == 0)
		r = trust_parse(buf_span(&text), ret, error, sizeof(error));
	buf_done(&text);
	return r;
}

/* What no device would take must not leave the house. */
static int check_result(const struct key *k, const struct manifest *m, struct span octets)
{
	CLEANUP(trust_freep) struct trust *trust = NULL;

	if (trust_only(k, m->manufacturer, &trust) < 0)
		return -ENOMEM;
	return devices_take(m, trust, octets) ? 0 : -EBADMSG;
}

static int add_signature(const struct key *k, const struct document *d, struct span payload,
			 struct jsn *entries)
{
	CLEANUP(jsn_freep) struct jsn *jwk = jwk_export(k);
	struct jsn *entry = NULL;
	int r;

	for (size_t i = 0; d->jws && i < d->jws->n; i++) {
		if (span_eq(d->jws->entries[i].kid, jsn_text(jsn_get(jwk, "kid")))) {
			cli_say("this key has signed it already");
			return -EEXIST;
		}
	}
	r = jws_sign(k, MANIFEST_TYP, payload, &entry);
	if (r == -EKEYREJECTED)
		cli_say("the key is damaged, or RSA below %u bits", KEY_RSA_SIGN_MIN);
	else if (r < 0)
		cli_say("cannot sign: %s", strerror(-r));
	jsn_add(entries, entry);
	return r;
}

static enum cli_exit sign_document(const struct cli *cli, const struct key *k,
				   const struct document *d)
{
	const char *out = cli_value(cli, "out") ? cli_value(cli, "out") : "-";
	CLEANUP(jsn_freep) struct jsn *entries = old_entries(d);
	struct buf payload = BUF_INIT(2 * MANIFEST_BYTES_MAX), text = BUF_INIT(MANIFEST_BYTES_MAX);
	int r;

	if (d->jws)
		buf_put(&payload, d->jws->payload_text);
	else
		b64_encode(document_payload(d), &payload);
	r = add_signature(k, d, buf_span(&payload), entries);
	if (r == 0) {
		r = serialize(cli, buf_span(&payload), entries, &text);
		if (r == -ENOMEM)
			cli_say("%s", fw_error_name(FWE_MANIFEST_TOO_LARGE));
	}
	if (r == 0)
		r = check_result(k, d->manifest, buf_span(&text));
	if (r == 0) {
		r = files_write(out, buf_span(&text), FILES_PUBLIC);
		if (r < 0)
			cli_say("%s: %s", out, strerror(-r));
	}
	buf_done(&payload);
	buf_done(&text);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

static enum cli_exit sign(const struct cli *cli)
{
	CLEANUP(key_freep) struct key *k = NULL;
	struct document d;
	enum cli_exit r;

	if (cli_value(cli, "compact") && cli_value(cli, "flattened")) {
		cli_say("--compact or --flattened, not both");
		return CLI_USAGE;
	}
	if (key_read_private(cli_value(cli, "key"), &k) < 0 ||
	    document_read(cli->operands[0], &d) < 0)
		return CLI_FAILED;
	r = d.manifest ? sign_document(cli, k, &d)
		       : cli_fail("%s: %s", cli->operands[0], fw_error_name(d.error));
	document_done(&d);
	return r;
}

const struct cli_verb VERB_SIGN = {
	.name = "sign",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Signs a manifest, or adds a signature to a signed one",
	.help = "Signs the octets of the file as they are. Refuses what devices that trust the "
		"key\n"
		"would refuse, an expired manifest for instance.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.run = sign,
};
