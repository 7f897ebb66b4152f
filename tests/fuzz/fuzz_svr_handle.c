/* One request of any kind to a device of any kind: two octets choose, the rest is the body. */
#include "fuzz.h"

#include "codec/cbr.h"
#include "svr/route.h"
#include "svr_devices.h"

static const struct cbr_limits ANSWER = {
	.bytes = SIZE_MAX, .depth = CBR_DEPTH_MAX, .items = SIZE_MAX, .text = SIZE_MAX};

static struct req request(uint8_t choice, uint8_t way, struct span body)
{
	static const char *const QUERIES[] = {"owned=true", "if=oic.if.baseline", "credid=5",
					      "rt=oic.r.doxm"};
	const struct span path = span_str(RESOURCES[choice % N_RESOURCES].target.href);

	return (struct req){.method = (enum method)(choice >> 6),
			    .path = path,
			    .query = {span_str(QUERIES[way >> 6])},
			    .n_query = way >> 5 & 1,
			    .body = body,
			    .content_format = CF_OCF_CBOR,
			    .accept = CF_NONE,
			    .multicast = (way & 0x18) == 0x18,
			    .session = (way & 0x18) == 0x18 ? 0 : (way >> 3 & 3) * DEVICES_DOC,
			    .has_peer = (way & 0x18) == 0x10,
			    .peer = DEVICES_OBT};
}

/* A refusal stores, does and says nothing; an answer is one item of CBOR; an owner stays able. */
static void check(const struct device *dev, const struct req *req, const struct svr_out *out)
{
	const bool refused = out->verdict >= V_BAD_REQUEST || out->verdict == V_IGNORE;
	struct cbr c;

	if (refused && (out->staged || out->store || out->effects || out->body->len))
		abort();
	if (req->multicast && !refused && out->verdict != V_CONTENT)
		abort();
	if (!refused &&
	    (dev->dos == DOS_RESET || (req->session == 0 && dev->doc && dev->dos == DOS_RFOTM)))
		abort();
	cbr_open(&c, buf_span(out->body), &ANSWER);
	(void)cbr_skip(&c);
	if (out->verdict == V_CONTENT && !out->format && cbr_close(&c) != CBR_OK)
		abort();
	if (out->verdict == V_CONTENT && out->staged && !span_is(req->path, "/oic/sec/csr"))
		abort(); /* only a request for a certificate makes a key */
	if (out->staged && !dos_fits(out->staged) && dos_is_stored(out->staged->dos))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf answer = BUF_INIT(REQ_BODY_MAX);
	struct svr_out out = {.body = &answer};
	struct device *dev, before;
	struct req req;

	if (size < 2)
		return -1;
	dev = devices_new(data[1] % DEVICES_KINDS);
	before = *dev;
	req = request(data[0], data[1], span_of(data + 2, size - 2));
	svr_handle(dev, &req, &DEVICES_ENV, &out);
	if (memcmp(dev, &before, sizeof(before)) != 0)
		abort();
	check(dev, &req, &out);
	(void)device_free(out.staged);
	(void)device_free(dev);
	buf_done(&answer);
	return 0;
}
