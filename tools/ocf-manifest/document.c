#include "document.h"

#include "blame.h"
#include "cli.h"
#include "files.h"

/* The file, or what was hidden in it. */
static struct span visible(const struct document *d)
{
	return document_is_encrypted(d) ? buf_span(&d->inner) : buf_span(&d->octets);
}

static enum fw_error open_json(struct document *d, struct span octets)
{
	const struct jsn_limits limits = {octets.len, ENVELOPE_DEPTH_MAX};
	enum fw_error e = envelope_json_error(jsn_parse(octets, &limits, &d->root));

	if (e != FWE_OK)
		return e;
	if (jsn_get(d->root, "ciphertext"))
		return FWE_MANIFEST_NESTING_INVALID;
	if (!jsn_get(d->root, "payload"))
		return FWE_OK;
	d->form = jsn_get(d->root, "signatures") ? DOCUMENT_GENERAL : DOCUMENT_FLATTENED;
	return jws_parse_json(d->root, MANIFEST_TYP, &d->jws);
}

/* A map is a manifest, everything else is a container. */
static enum fw_error open_cbor(struct document *d, struct span octets)
{
	enum fw_error e;

	d->form = DOCUMENT_CBOR;
	if (octets.ptr[0] >> 5 == 5)
		return FWE_OK;
	e = cose_sign_parse(octets, MANIFEST_CONTENT_TYPE, &d->cose);
	if (e == FWE_OK)
		d->form = d->cose->kind == COSE_SIGN1 ? DOCUMENT_SIGN1 : DOCUMENT_SIGN;
	return e;
}

static enum fw_error open_any(struct document *d, struct span octets)
{
	if (octets.len == 0)
		return FWE_MANIFEST_EMPTY;
	if (octets.ptr[0] == '{')
		return open_json(d, octets);
	if (octets.ptr[0] >= 0x80)
		return open_cbor(d, octets);
	if (!envelope_is_compact(octets))
		return FWE_MANIFEST_FORMAT_UNKNOWN;
	d->form = DOCUMENT_COMPACT;
	return jws_parse_compact(octets, MANIFEST_TYP, &d->jws);
}

enum fw_error document_open(struct span octets, const struct enc_ring *ring, struct document *ret)
{
	enum fw_error e;

	*ret = (struct document){.octets = BUF_INIT(octets.len)};
	buf_put(&ret->octets, octets);
	e = buf_ok(&ret->octets) ? envelope_decrypt(octets, ring, &ret->inner) : FWE_INTERNAL;
	if (e == FWE_OK || e == FWE_MANIFEST_FORMAT_UNKNOWN)
		e = open_any(ret, visible(ret));
	if (e == FWE_OK)
		ret->error = manifest_parse(document_payload(ret),
					    document_is_cbor(ret) ? ENVELOPE_CBOR : ENVELOPE_JSON,
					    0, &ret->manifest);
	return e;
}

int document_read(const char *path, const struct enc_ring *ring, struct document *ret)
{
	struct buf octets CLEANUP(buf_done) = BUF_INIT(MANIFEST_BYTES_MAX);
	enum fw_error e = FWE_OK;
	uint64_t image;
	int r = files_read_manifest(path, &octets, &image, &e);

	if (r == -EFBIG)
		e = FWE_MANIFEST_TOO_LARGE;
	if (r == 0)
		e = document_open(buf_span(&octets), ring, ret);
	if (r == 0 && e == FWE_OK)
		return 0;
	if (e == FWE_MANIFEST_DECRYPT_FAILED && !ring)
		cli_say("%s: it is encrypted; decrypt it first", path);
	else if (e != FWE_OK)
		cli_refuse(path, e);
	else
		cli_say("%s: %s", path, strerror(-r));
	if (r == 0)
		document_done(ret);
	return r < 0 ? r : -EBADMSG;
}

void document_refuse(const char *what, const struct document *d)
{
	if (document_is_cbor(d))
		cli_refuse(what, d->error);
	else
		blame(what, document_payload(d), d->error);
}

void document_done(struct document *d)
{
	d->manifest = manifest_free(d->manifest);
	d->jws = jws_free(d->jws);
	d->cose = cose_sign_free(d->cose);
	d->root = jsn_free(d->root);
	buf_done(&d->octets);
	buf_done(&d->inner);
}

struct span document_payload(const struct document *d)
{
	return d->jws ? buf_span(&d->jws->payload) : d->cose ? d->cose->payload : visible(d);
}

bool document_is_encrypted(const struct document *d)
{
	return d->inner.len > 0;
}

bool document_is_cbor(const struct document *d)
{
	return d->form == DOCUMENT_CBOR || d->cose;
}

const char *document_form_name(enum document_form f)
{
	static const char *const NAMES[] = {
		[DOCUMENT_JSON] = "bare JSON",  [DOCUMENT_CBOR] = "bare CBOR",
		[DOCUMENT_COMPACT] = "compact", [DOCUMENT_FLATTENED] = "flattened",
		[DOCUMENT_GENERAL] = "general", [DOCUMENT_SIGN1] = "COSE_Sign1",
		[DOCUMENT_SIGN] = "COSE_Sign",
	};

	return NAMES[f];
}
