/* What a program registers and says: kept or refused, and what clients see of it is one item of
 * CBOR. Input: href, type and representation, cut at the first two line feeds. */
#include "fuzz.h"

#include "codec/cbr.h"
#include "svr/introspection.h"
#include "svr_devices.h"

static void check(struct exchange *x, svr_handler handler)
{
	static const struct cbr_limits LIMITS = {.bytes = SIZE_MAX,
						 .depth = CBR_DEPTH_MAX,
						 .items = SIZE_MAX,
						 .text = SIZE_MAX,
						 .floats = true};
	struct cbr c;

	buf_reset(x->out->body);
	if (handler(x) != V_CONTENT)
		return;
	cbr_open(&c, buf_span(x->out->body), &LIMITS);
	(void)cbr_skip(&c);
	if (cbr_close(&c) != CBR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf answer CLEANUP(buf_done) = BUF_INIT(1 << 20);
	struct span rest = span_of(data, size), href = span_cut(&rest, '\n'),
		    type = span_cut(&rest, '\n');
	struct ncr ncr = {.discoverable = true};
	struct ncrs ncrs = {.n = 1, .v = {&ncr}};
	struct svr_env env = {.ncrs = &ncrs};
	struct req req = {
		.query = {SPAN_LIT("if=oic.if.baseline")}, .n_query = 1, .asked = ASKED_KEPT};
	struct svr_out out = {.body = &answer};
	struct device dev = {.info = &DEVICES_INFO};
	struct exchange x = {.dev = &dev, .req = &req, .env = &env, .out = &out, .res = &x.room};

	if ((!ncr_set_href(&ncr, href) && !ncr_set_href(&ncr, SPAN_LIT("/lamp"))) ||
	    (!ncr_add_type(&ncr, type) && !ncr_add_type(&ncr, SPAN_LIT("x.lamp"))) ||
	    !ncr_add_interface(&ncr, SPAN_LIT("oic.if.rw")) || !ncr_finish(&ncr))
		abort();
	if (ncr_keep(&ncr, rest) != ncr.known)
		abort();
	ncr_resource(&ncr, &x.room);
	check(&x, x.room.get);
	check(&x, introspection_data_get);
	buf_done(&ncr.kept);
	return 0;
}
