#include "document.h"
#include "fw/manifest_cbor.h"
#include "verbs.h"

static const struct cli_option OPTIONS[] = {
	{"out", "FILE", "default: standard output", 0},
};

static int make_cbor(const struct document *d, struct buf *octets)
{
	const char *member;
	int r = manifest_to_cbor(d->manifest->tree, octets, &member);

	if (r == -EDOM)
		cli_say("%s has no CBOR form", *member != '\0' ? member : "an unknown member");
	else if (r < 0)
		cli_refuse("devices would refuse it", FWE_MANIFEST_TOO_LARGE);
	return r;
}

static int to_cbor(const struct cli *cli, const struct document *d)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	int r = make_cbor(d, &octets);

	return r < 0 ? r : output_octets(cli, buf_span(&octets));
}

/* What is deterministic comes back the same, unless something was left out on the way. */
static int to_json(const struct cli *cli, const struct document *d)
{
	struct buf again CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	int r = make_cbor(d, &again);

	if (r == 0 && !span_eq(buf_span(&again), document_payload(d))) {
		cli_say("%s: it has members without a JSON form", cli->operands[0]);
		r = -EBADMSG;
	}
	return r < 0 ? r : output_json(cli, d->manifest->tree, JSN_COMPACT);
}

static enum cli_exit convert(const struct cli *cli)
{
	struct document d;
	int r = -EBADMSG;

	if (document_read(cli->operands[0], NULL, &d) < 0)
		return CLI_FAILED;
	if (d.jws || d.cose)
		cli_say("%s: it is signed, and would not be any more", cli->operands[0]);
	else if (!d.manifest)
		document_refuse(cli->operands[0], &d);
	else
		r = document_is_cbor(&d) ? to_json(cli, &d) : to_cbor(cli, &d);
	document_done(&d);
	return r < 0 ? CLI_FAILED : CLI_OK;
}

const struct cli_verb VERB_CONVERT = {
	.name = "convert",
	.operands = "MANIFEST",
	.operands_min = 1,
	.operands_max = 1,
	.summary = "Turns an unsigned JSON manifest into CBOR, and CBOR into JSON",
	.help = "Sign the CBOR form to get a COSE message.",
	.options = OPTIONS,
	.n_options = ARRAY_SIZE(OPTIONS),
	.octets = true,
	.example = "--out m.cbor m.json",
	.run = convert,
};
