/* The record of the device: there and back, damaged, and cut off by a loss of power. */
#include "svr_fixture.h"
#include "vector.h"

#define TWO_ACES                                                                                   \
	"{\"aclist2\":[{\"subject\":{\"uuid\":\"" OTHER "\"},\"resources\":[{\"href\":\"/a\"},"    \
	"{\"wc\":\"*\"}],\"permission\":6},{\"subject\":{\"role\":\"r\",\"authority\":\"a\"},"     \
	"\"resources\":[],\"permission\":2}]}"

#define PEM(text) "\"publicdata\":{\"data\":\"" text "\",\"encoding\":\"oic.sec.encoding.pem\"}"
#define CERTIFICATES                                                                               \
	"{\"creds\":[{\"credtype\":8,\"subjectuuid\":\"*\",\"credusage\":\"oic.sec.cred."          \
	"trustca\","                                                                               \
	"\"period\":\"20200101T000000Z/PT999H\"," PEM(                                             \
		"ca name=old") "},"                                                                \
			       "{\"credtype\":8,\"subjectuuid\":\"" FINAL                          \
			       "\",\"credusage\":\"oic.sec.cred.trustca\"," PEM(                   \
				       "ca name=root") "},{\"credtype\":8,\"subjectuuid\":\"*\","  \
						       "\"credusage\":\"oic.sec.cred.cert\"," PEM( \
							       "cert key=own cn=" FINAL) "}]}"
/* "crl ca=root made=2" */
#define REVOKED "{\"crlid\":7,\"thisupdate\":\"now\",\"crldata\":\"Y3JsIGNhPXJvb3QgbWFkZT0y\"}"

/* An owned device with something in every section of its record, in this format. */
static struct world *world_full_in(unsigned format, enum dos dos)
{
	struct world *w = world_new();

	w->format = format;
	to_owned(w);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/sdi",
			      "{\"uuid\":\"" OTHER "\",\"name\":\"home\",\"priv\":true}"),
			 V_CHANGED);
	to_state(w, DOS_RFPRO);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/acl2", TWO_ACES), V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, "/oic/sec/csr"), V_CONTENT);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/cred", CERTIFICATES), V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/crl", REVOKED), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	if (dos != DOS_RFPRO)
		to_state(w, dos);
	return w;
}

static struct world *world_full(enum dos dos)
{
	return world_full_in(SVR_RECORD_NEWEST, dos);
}

static void write_all(const struct device *dev, unsigned format, struct buf *ret)
{
	*ret = BUF_INIT(SVR_RECORD_MAX);
	svr_record_write(dev, format, ret);
	assert_true(buf_ok(ret));
}

static void expect_back(unsigned format)
{
	static const enum dos STATES[] = {DOS_RFPRO, DOS_RFNOP, DOS_SRESET};

	for (size_t i = 0; i < ARRAY_SIZE(STATES); i++) {
		struct world *w = world_full_in(format, STATES[i]);
		struct buf before, after;

		write_all(w->dev, format, &before);
		assert_int_equal(svr_record_format(buf_span(&w->disk)), format);
		assert_null(world_start(w));
		assert_int_equal(device_dos(w->dev), STATES[i]);
		write_all(w->dev, format, &after);
		assert_int_equal(before.len, after.len);
		assert_memory_equal(before.ptr, after.ptr, after.len);
		assert_string_equal(w->dev->sdi.name, "home");
		assert_int_equal(w->dev->n_creds, 4);
		assert_int_equal(w->dev->csr_key.len, 32);
		assert_int_equal(w->dev->crl->crlid, 7);
		assert_int_equal(acl_of(w)->n, 2);
		assert_int_equal(w->dev->cm, STATES[i] == DOS_SRESET);
		buf_done(&before);
		buf_done(&after);
		world_free(w);
	}
}

static void svr_start__brings_an_owned_device_back(void **state)
{
	(void)state;
	for (unsigned format = SVR_RECORD_OLDEST; format <= SVR_RECORD_NEWEST; format++)
		expect_back(format);
}

static void svr_start__draws_a_new_identity_each_time(void **state)
{
	struct world *w = world_new();
	struct uuid before = *device_uuid(w->dev);

	(void)state;
	assert_null(world_start(w));
	assert_false(uuid_eq(device_uuid(w->dev), &before));
	assert_false(uuid_has_zero_octet(device_uuid(w->dev)));
	world_free(w);
}

#define SWU                                                                                        \
	"{\"purl\":\"http://h\",\"action\":1,\"at\":7,\"nv\":\"\",\"state\":0,\"result\":0,"       \
	"\"last\":0,\"cm\":0}"

/* [format, {section}, ...] in their order, one of them as it should not be; NULL: it and all behind
 * it are missing. */
static void write_sections(struct buf *b, unsigned format, size_t other, const char *text)
{
	static const char *const SECTIONS[] = {
		"{\"oxmsel\":0,\"owned\":true,\"deviceuuid\":\"" FINAL "\",\"devowneruuid\":\"" OBT
		"\",\"rowneruuid\":\"" OBT "\"}",
		"{\"dos\":{\"s\":3},\"om\":4,\"tm\":0,\"rowneruuid\":\"" OBT "\"}",
		"{\"creds\":[{\"credid\":1,\"credtype\":1,\"subjectuuid\":\"" OBT
		"\",\"privatedata\":{\"data\":h'000102030405060708090a0b0c0d0e0f',"
		"\"encoding\":\"oic.sec.encoding.raw\"}}],\"rowneruuid\":\"" OBT "\"}",
		"{\"uuid\":\"" OTHER "\",\"name\":\"home\",\"priv\":true}",
		"{\"aclist2\":[{\"aceid\":1,\"subject\":{\"uuid\":\"" OBT
		"\"},\"resources\":[],\"permission\":2}],\"rowneruuid\":\"" OBT "\"}",
		"{\"supportedprofiles\":[\"1.3.6.1.4.1.51414.0.0.1.0\"],"
		"\"currentprofile\":\"1.3.6.1.4.1.51414.0.0.1.0\"}",
		"{\"csr\":h'000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f'}",
		"{\"crlid\":7,\"thisupdate\":\"now\",\"crldata\":h'00'}",
		SWU,
		"{\"categoryfilter\":255,\"priorityfilter\":4}",
	};

	buf_reset(b);
	cbw_array_n(b, 1 + (text ? ARRAY_SIZE(SECTIONS) : other));
	cbw_uint(b, format);
	for (size_t i = 0; i < ARRAY_SIZE(SECTIONS) && (text || i < other); i++) {
		struct buf section = BUF_INIT(SVR_RECORD_MAX);

		diag(format == 1 ? b : &section, i == other ? text : SECTIONS[i]);
		if (format > 1)
			cbw_bytes(b, buf_span(&section));
		buf_done(&section);
	}
}

#define SECTION_COUNT 10

/* A record from before sp: what it does not say is as after a RESET. */
static void svr_start__takes_the_shorter_record_of_a_forerunner(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (unsigned i = 0; i < SVR_RECORD_NEWEST * (SECTION_COUNT + 1); i++) {
		size_t n = i / SVR_RECORD_NEWEST;
		const char *why;

		write_sections(&w->disk, 1 + i % SVR_RECORD_NEWEST, n, NULL);
		why = world_start(w);
		assert_true(n >= 5 ? !why : why != NULL);
		assert_int_equal(w->dev->csr_key.len, n >= 7 ? 32 : 0);
		assert_int_equal(w->dev->crl != NULL, n >= 8);
	}
	world_free(w);
}

/* One row a line, however long. */
/* clang-format off */
static const struct {
	const char *name;
	size_t section;
	const char *text;
	const char *why; /* NULL: fine */
} DAMAGES[] = {
	{"none", 99, "", NULL},
	{"doxm without a property", 0, "{\"oxmsel\":0,\"owned\":true,\"deviceuuid\":\"" FINAL "\",\"rowneruuid\":\"" OBT "\"}", "doxm is damaged"},
	{"doxm of another method", 0, "{\"oxmsel\":3,\"owned\":true,\"deviceuuid\":\"" FINAL "\",\"devowneruuid\":\"" OBT "\",\"rowneruuid\":\"" OBT "\"}", "doxm is damaged"},
	{"doxm not owned", 0, "{\"oxmsel\":0,\"owned\":false,\"deviceuuid\":\"" FINAL "\",\"devowneruuid\":\"" OBT "\",\"rowneruuid\":\"" OBT "\"}", "its parts contradict each other"},
	{"pstat in RFOTM", 1, "{\"dos\":{\"s\":1},\"om\":4,\"tm\":0,\"rowneruuid\":\"" OBT "\"}", "pstat is damaged"},
	{"pstat in RESET", 1, "{\"dos\":{\"s\":0},\"om\":4,\"tm\":0,\"rowneruuid\":\"" OBT "\"}", "pstat is damaged"},
	{"pstat with another mode", 1, "{\"dos\":{\"s\":3},\"om\":1,\"tm\":0,\"rowneruuid\":\"" OBT "\"}", "pstat is damaged"},
	{"cred without a key", 2, "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credid\":1,\"credtype\":1,\"subjectuuid\":\"" OBT "\",\"privatedata\":{}}]}", "cred is damaged"},
	{"cred without credid", 2, "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OBT "\",\"privatedata\":{\"data\":h'000102030405060708090a0b0c0d0e0f',\"encoding\":\"oic.sec.encoding.raw\"}}]}", "cred is damaged"},
	{"cred of nobody", 2, "{\"rowneruuid\":\"" OBT "\",\"creds\":[]}", "its parts contradict each other"},
	{"sdi without a name", 3, "{\"uuid\":\"" OTHER "\",\"priv\":true}", "sdi is damaged"},
	{"acl2 without aceid", 4, "{\"rowneruuid\":\"" OBT "\",\"aclist2\":[{\"subject\":{\"uuid\":\"" OBT "\"},\"resources\":[],\"permission\":2}]}", "acl2 is damaged"},
	{"sp without a profile", 5, "{\"supportedprofiles\":[\"1.3.6.1.4.1.51414.0.0.1.0\"]}", "sp is damaged"},
	{"sp of another profile", 5, "{\"supportedprofiles\":[\"1.3.6.1.4.1.51414.0.0.1.0\"],\"currentprofile\":\"1.3.6.1.4.1.51414.0.0.2.0\"}", "sp is damaged"},
	{"no key yet", 6, "{}", NULL},
	{"an unknown key", 6, "{\"foo\":h'00'}", "keys are damaged"},
	{"no revocation list", 7, "{}", NULL},
	{"revocation list as text", 7, "{\"crldata\":\"AA==\"}", "crl is damaged"},
	{"cred of the factory", 2, "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credid\":1,\"credtype\":8,\"subjectuuid\":\"" OBT "\",\"credusage\":\"oic.sec.cred.mfgtrustca\"," PEM("x") "}]}", "cred is damaged"},
	{"owner known by an anchor", 2, "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credid\":1,\"credtype\":8,\"subjectuuid\":\"" OBT "\",\"credusage\":\"oic.sec.cred.trustca\"," PEM("x") "}]}", NULL},
	{"a section too many", 4, "{\"rowneruuid\":\"" OBT "\",\"aclist2\":[]},{}", "sp is damaged"},
	{"a key cut short", 6, "{\"csr\":h'00'}", "keys are damaged"},
	{"crl without its list", 7, "{\"crlid\":1}", "crl is damaged"},
	{"swu without a state", 8, "{\"purl\":\"\",\"action\":0,\"at\":7,\"nv\":\"\",\"result\":0,\"last\":0,\"cm\":0}", "swu is damaged"},
	{"ael without a filter", 9, "{\"categoryfilter\":255}", "ael is damaged"},
	{"a section behind the last", 8, SWU ",{\"categoryfilter\":255,\"priorityfilter\":4}", "something is behind its end"},
	{"a section too few", 9, "", "ael is damaged"},
	{"a number for a section", 3, "7", "sdi is damaged"},
};
/* clang-format on */

/* Where sections are wrapped, octets that are behind one do not begin the next. */
static const char *why_wrapped(const char *name, const char *why)
{
	return strcmp(name, "a section too many") == 0          ? "acl2 is damaged"
	       : strcmp(name, "a section behind the last") == 0 ? "swu is damaged"
								: why;
}

static void expect_repair(unsigned format)
{
	for (size_t i = 0; i < ARRAY_SIZE(DAMAGES); i++) {
		struct world *w = world_new();
		const char *want = DAMAGES[i].why, *why;

		if (format > 1)
			want = why_wrapped(DAMAGES[i].name, want);
		write_sections(&w->disk, format, DAMAGES[i].section, DAMAGES[i].text);
		why = world_start(w);
		if ((why == NULL) != (want == NULL) || (why && strcmp(why, want) != 0))
			fail_msg("%s in format %u: %s", DAMAGES[i].name, format,
				 why ? why : "fine");
		assert_int_equal(device_dos(w->dev), why ? DOS_SRESET : DOS_RFNOP);
		assert_true(device_owned(w->dev));
		assert_int_equal(multicast(w, "/oic/sec/doxm"), V_IGNORE);
		assert_int_equal(get(w, CLEAR, NULL, "/oic/sec/doxm"), V_UNAUTHORIZED);
		world_free(w);
	}
}

/* The device is never up for grabs: its owner, or a local reset, repairs it. */
static void svr_start__repairs_after_damage(void **state)
{
	(void)state;
	for (unsigned format = SVR_RECORD_OLDEST; format <= SVR_RECORD_NEWEST; format++)
		expect_repair(format);
}

/* In format 2 only the damaged section is lost: with cred the owner still gets in. */
static void svr_start__keeps_what_is_behind_the_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		struct world *w = world_new();

		write_sections(&w->disk, 2, i, "7");
		assert_non_null(world_start(w));
		assert_int_equal(w->dev->n_creds, i == 2 ? 0 : 1);
		assert_int_equal(acl_of(w)->n, i == 4 ? 0 : 1);
		assert_int_equal(w->dev->csr_key.len, i == 6 ? 0 : 32);
		assert_int_equal(w->dev->ael.priority, 4);
		world_free(w);
	}
}

static void svr_start__refuses_a_newer_format(void **state)
{
	static const unsigned NEWER[] = {SVR_RECORD_NEWEST + 1, 23, 24, 65535};
	struct world *w = world_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NEWER); i++) {
		struct device *dev = NULL;
		const char *why;

		write_sections(&w->disk, NEWER[i], 99, "");
		assert_int_equal(svr_record_format(buf_span(&w->disk)), NEWER[i]);
		assert_int_equal(svr_start(&dev, &w->info, buf_span(&w->disk), &w->env, &why),
				 -ENOTSUP);
		assert_null(dev);
	}
	write_sections(&w->disk, 0, 99, "");
	assert_string_equal(world_start(w), "damaged from its beginning");
	world_free(w);
}

/* tests/vectors/records: written by the first program that there was. */
static void svr_start__reads_the_first_format_as_it_was_recorded(void **state)
{
	struct world *w = world_new();
	struct buf again;

	(void)state;
	w->disk = vector_read("records/secd-1/device");
	assert_null(world_start(w));
	assert_int_equal(device_dos(w->dev), DOS_RFNOP);
	assert_int_equal(w->dev->n_creds, 3);
	assert_int_equal(acl_of(w)->n, 1);
	assert_string_equal(w->dev->sdi.name, "home");
	write_all(w->dev, 1, &again); /* and is still written like that */
	assert_int_equal(again.len, w->disk.len);
	assert_memory_equal(again.ptr, w->disk.ptr, again.len);
	buf_done(&again);
	world_free(w);
}

/* What was lost is not lost again: the second start finds a whole record, still in SRESET. */
static void svr_start__reads_what_a_repair_wrote(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SVR_RECORD_NEWEST * SECTION_COUNT; i++) {
		const unsigned format = 1 + i % SVR_RECORD_NEWEST;
		struct world *w = world_new();

		write_sections(&w->disk, format, i / SVR_RECORD_NEWEST, "7");
		assert_non_null(world_start(w));
		buf_reset(&w->disk);
		svr_record_write(w->dev, format, &w->disk);
		assert_null(world_start(w));
		assert_int_equal(device_dos(w->dev), DOS_SRESET);
		world_free(w);
	}
}

static void svr_start__lets_the_owner_repair(void **state)
{
	static const char NEXT[] = "supportedprofiles"; /* with two octets before it */
	struct world *w = world_full_in(1, DOS_RFNOP);
	const uint8_t *next = memmem(w->disk.ptr, w->disk.len, NEXT, strlen(NEXT));

	(void)state;
	assert_non_null(next);
	w->disk.len = (size_t)(next - 3 - w->disk.ptr); /* the end of acl2 is missing */
	assert_string_equal(world_start(w), "acl2 is damaged");
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"),
			 V_BAD_REQUEST);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2", "{\"rowneruuid\":\"" OBT "\"}"),
			 V_CHANGED);
	assert_null(world_start(w)); /* half repaired is not back in operation */
	assert_int_equal(device_dos(w->dev), DOS_SRESET);
	to_state(w, DOS_RFPRO);
	to_state(w, DOS_RFNOP);
	world_free(w);
}

/* Every flipped octet: no crash, and never an unowned device by accident. */
static void expect_survival(unsigned format)
{
	struct world *w = world_full_in(format, DOS_RFNOP);

	for (size_t at = 0; at < w->disk.len; at++) {
		CLEANUP(device_freep) struct device *dev = NULL;
		const char *why;

		w->disk.ptr[at] ^= 0xff;
		assert_int_equal(svr_start(&dev, &w->info, buf_span(&w->disk), &w->env, &why), 0);
		w->disk.ptr[at] ^= 0xff;
		assert_int_not_equal(device_dos(dev), DOS_RFOTM);
		assert_true(device_owned(dev));
	}
	for (size_t len = 1; len < w->disk.len; len++) {
		CLEANUP(device_freep) struct device *dev = NULL;
		const char *why;

		assert_int_equal(
			svr_start(&dev, &w->info, span_of(w->disk.ptr, len), &w->env, &why), 0);
		assert_non_null(why);
		assert_int_equal(device_dos(dev), DOS_SRESET);
	}
	world_free(w);
}

static void svr_start__survives_any_damage(void **state)
{
	(void)state;
	for (unsigned format = SVR_RECORD_OLDEST; format <= SVR_RECORD_NEWEST; format++)
		expect_survival(format);
}

/* ---- loss of power at every store ---- */

static const char *const TRANSFER[][2] = {
	{"/oic/sec/doxm",  "{\"devowneruuid\":\"" OTHER "\"}"},
	{"/oic/sec/doxm",  "{\"deviceuuid\":\"" FINAL "\"}"  },
	{"/oic/sec/doxm",  "{\"rowneruuid\":\"" OTHER "\"}"  },
	{"/oic/sec/acl2",  "{\"rowneruuid\":\"" OTHER "\"}"  },
	{"/oic/sec/pstat", "{\"rowneruuid\":\"" OTHER "\"}"  },
	{"/oic/sec/cred",
	 "{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OTHER
	 "\",\"privatedata\":{\"encoding\":\"oic.sec.encoding.raw\",\"data\":h''}}],"
	 "\"rowneruuid\":\"" OTHER "\"}"                     },
	{"/oic/sec/doxm",  "{\"owned\":true}"                },
	{"/oic/sec/pstat", "{\"dos\":{\"s\":2}}"             },
};

/* One life: the first owner resets, a second one takes over. Stops when the power goes. */
static void live(struct world *w)
{
	(void)post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":0}}");
	if (!w->no_power)
		(void)world_event(w, EV_RESET_DUE, 0);
	if (!w->no_power)
		to_doc(w);
	for (size_t i = 0; i < ARRAY_SIZE(TRANSFER) && !w->no_power; i++)
		assert_int_equal(post(w, DOC, NULL, TRANSFER[i][0], TRANSFER[i][1]), V_CHANGED);
}

static bool knows(const struct device *dev, const char *subject)
{
	struct uuid uuid = uuid_of(subject);

	return device_admits(dev, &uuid, NULL);
}

/* The old owner's device, an unowned one, or the new owner's; never a mix of them. */
static void expect_one_of_three(const struct device *dev, size_t stores)
{
	char owner[UUID_TEXT + 1];

	uuid_format(device_owner(dev), owner);
	if (device_dos(dev) == DOS_RFOTM) {
		assert_false(device_owned(dev));
		assert_int_equal(dev->n_creds, 0);
		assert_int_equal(aclist_acl(dev->acl)->n, 0);
		assert_string_equal(owner, NIL);
		return;
	}
	if (strcmp(owner, OBT) == 0) {
		assert_int_equal(stores, 0);
		assert_int_equal(device_dos(dev), DOS_RFNOP);
		assert_true(knows(dev, OBT) && !knows(dev, OTHER));
		assert_int_equal(aclist_acl(dev->acl)->n, 2);
	} else {
		assert_string_equal(owner, OTHER);
		assert_int_equal(device_dos(dev), DOS_RFPRO);
		assert_true(knows(dev, OTHER) && !knows(dev, OBT));
		assert_int_equal(aclist_acl(dev->acl)->n, 0);
		assert_int_equal(dev->sdi.name[0], 0);
	}
}

static void svr_start__finds_one_owner_wherever_the_power_went(void **state)
{
	const size_t all = 2; /* reset, takeover */

	(void)state;
	for (size_t stores = 0; stores <= all; stores++) {
		struct world *w = world_full(DOS_RFNOP);

		w->stores_left = stores;
		live(w);
		assert_int_equal(w->no_power, stores < all);
		assert_null(world_start(w));
		expect_one_of_three(w->dev, stores);
		assert_int_equal(device_owned(w->dev), stores == 0 || stores == all);
		if (!device_owned(w->dev))
			assert_int_equal(w->disk.len, 0); /* no old key is left */
		world_free(w);
	}
}

/* The scrub after a RESET fails: the device is unowned all the same, and the next start repeats it.
 */
/* Credentials and a revocation list as long as they may be. */
static void fill_credentials(struct world *w)
{
	static const char ROLE[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static uint8_t text[CRL_MAX];
	const struct cred draft = {
		.usage = USAGE_ROLECERT,
		.any = true,
		.public = span_of(text, CRED_PUBLIC_MAX),
		.has_optional = true,
		.optional = span_of(text, CRED_OPTIONAL_MAX),
		.optional_encoding = ENCODING_BASE64,
		.role = span_str(ROLE),
		.authority = span_str(ROLE),
		.crms = 31,
		.period = SPAN_LIT("20200101T000000Z/P000000001DT000000001H000000001M000000001S"),
	};

	memset(text, 'x', sizeof(text));
	while (w->dev->n_creds < CREDS_MAX) {
		assert_true(device_add_cred(w->dev, &draft));
		w->dev->creds[w->dev->n_creds - 1]->credid = (uint32_t)(ID_MAX - w->dev->n_creds);
	}
	(void)crl_unref(w->dev->crl);
	w->dev->crl = crl_new(ID_MAX, span_str(ROLE), span_of(text, CRL_MAX));
	assert_non_null(w->dev->crl);
}

static void svr_record_write__stays_below_its_limit(void **state)
{
	struct world *w = world_full(DOS_RFPRO);
	struct buf body = BUF_INIT(REQ_BODY_MAX), record = BUF_INIT(SVR_RECORD_MAX);
	size_t n = 0;

	(void)state;
	buf_put_str(&body,
		    "{\"aclist2\":[{\"subject\":{\"role\":\"r\"},\"permission\":2,\"resources\":[");
	for (int i = 0; i < 32; i++)
		buf_printf(&body, "{\"href\":\"/%0*d\",\"wc\":\"*\"},", 127, 0);
	buf_put_str(&body, "]}]}");
	buf_put_byte(&body, 0);
	while (post(w, LATER, OBT, "/oic/sec/acl2", (const char *)body.ptr) == V_CHANGED)
		n = acl_of(w)->n;
	assert_string_equal(w->out.why, "the access control list gets too long");
	assert_true(n > ACLIST_MAX / (34 * 140));
	assert_int_equal(acl_of(w)->n, n);
	fill_credentials(w);
	svr_record_write(w->dev, SVR_RECORD_NEWEST, &record);
	assert_true(buf_ok(&record));
	buf_reset(&w->disk);
	buf_put(&w->disk, buf_span(&record));
	assert_null(world_start(w));
	assert_int_equal(acl_of(w)->n, n);
	assert_int_equal(w->dev->n_creds, CREDS_MAX);
	assert_int_equal(svr_crl(w->dev).len, CRL_MAX);
	assert_int_equal(get(w, LATER, OBT, "/oic/sec/cred"), V_CONTENT);
	buf_done(&record);
	buf_done(&body);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(svr_start__brings_an_owned_device_back),
		cmocka_unit_test(svr_start__draws_a_new_identity_each_time),
		cmocka_unit_test(svr_start__takes_the_shorter_record_of_a_forerunner),
		cmocka_unit_test(svr_start__repairs_after_damage),
		cmocka_unit_test(svr_start__keeps_what_is_behind_the_damage),
		cmocka_unit_test(svr_start__refuses_a_newer_format),
		cmocka_unit_test(svr_start__reads_the_first_format_as_it_was_recorded),
		cmocka_unit_test(svr_start__reads_what_a_repair_wrote),
		cmocka_unit_test(svr_start__lets_the_owner_repair),
		cmocka_unit_test(svr_start__survives_any_damage),
		cmocka_unit_test(svr_start__finds_one_owner_wherever_the_power_went),
		cmocka_unit_test(svr_record_write__stays_below_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
