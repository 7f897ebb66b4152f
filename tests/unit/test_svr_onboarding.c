/* A recorded owner transfer and another tool's order, request by request. */
#include "svr_fixture.h"

#include <stdio.h>

#define LITE_OBT   "2b8ccdc9-149b-4162-579d-5e5d57d66961"
#define LITE_FINAL "1944475f-c9bf-421c-4ca1-26f1a6580d23"

struct step {
	int frame;
	char way, method[8], uri[64], code[8], body[1024];
	size_t body_len;
};

static enum method method_of(const char *name)
{
	if (strcmp(name, "POST") == 0)
		return M_POST;
	return strcmp(name, "DELETE") == 0 ? M_DELETE : M_GET;
}

static const char *code_of(enum verdict v)
{
	if (v == V_CONTENT)
		return "2.05";
	if (v == V_CHANGED)
		return "2.04";
	return v == V_DELETED ? "2.02" : "?";
}

static void replay(struct world *w, const struct step *s)
{
	struct buf body = BUF_INIT(REQ_BODY_MAX);
	const bool owner = s->frame >= 58;
	enum verdict got;

	if (strcmp(s->body, "-") != 0)
		diag(&body, s->body);
	assert_int_equal(body.len, s->body_len); /* the recorded octets */
	got = world_ask(w, &(struct ask){.method = method_of(s->method),
					 .uri = s->uri,
					 .session = s->way != 'S' ? CLEAR
						    : owner       ? LATER
								  : DOC,
					 .peer = s->way == 'S' && owner ? LITE_OBT : NULL,
					 .raw = buf_span(&body),
					 .multicast = s->way == 'M',
					 .format = CF_OCF_CBOR,
					 .accept = CF_OCF_CBOR});
	if (strcmp(code_of(got), s->code) != 0)
		fail_msg("frame %d %s %s: verdict %d, want %s (%s)", s->frame, s->method, s->uri,
			 (int)got, s->code, w->out.why ? w->out.why : "");
	buf_done(&body);
}

/* What the transport reports between two frames of the recording. */
static void happen(struct world *w, int frame)
{
	if (frame == 18)
		assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
	if (frame == 48) {
		assert_int_equal(device_dos(w->dev), DOS_RFNOP);
		assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
		assert_null(world_start(w)); /* as good a moment as any */
	}
	if (frame == 58)
		assert_int_equal(world_event(w, EV_DOC_OPEN, LATER), V_CHANGED);
	if (frame == 91)
		assert_int_equal(world_event(w, EV_CLOSED, LATER), V_CHANGED);
}

static void svr_handle__follows_the_recorded_onboarding(void **state)
{
	struct world *w = world_new();
	struct uuid first = *device_uuid(w->dev);
	char path[256], line[1400];
	struct secret key;
	struct step s;
	int n = 0;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/ocf/lite-just-works.requests", getenv("VECTORS"));
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		assert_int_equal(sscanf(line, "%d %c %7s %63s %7s %zu %1023[^\n]", &s.frame, &s.way,
					s.method, s.uri, s.code, &s.body_len, s.body),
				 7);
		happen(w, s.frame);
		replay(w, &s);
		if (s.frame == 30) {
			assert_string_equal(w->owner_key_label, "oic.sec.doxm.jw");
			expect_uuid(&w->owner_key_obt, LITE_OBT);
			expect_uuid(&w->owner_key_device, LITE_FINAL);
		}
		if (s.frame == 58)
			assert_true(
				svr_psk(w->dev,
					&(struct uuid){
						{0x2b, 0x8c, 0xcd, 0xc9, 0x14, 0x9b, 0x41, 0x62,
						 0x57, 0x9d, 0x5e, 0x5d, 0x57, 0xd6, 0x69, 0x61}
                        },
					&w->env.wall, &key));
		n++;
	}
	(void)fclose(f);
	assert_int_equal(n, 29);
	assert_int_equal(device_dos(w->dev), DOS_RFOTM);
	assert_false(device_owned(w->dev));
	assert_false(uuid_eq(device_uuid(w->dev), &first));
	world_free(w);
}

/* Another deployed tool keeps the temporal identity, brings its own key, becomes the owner late,
 * and provisions over a second session while the DOC is still up. */
static void svr_handle__takes_the_order_of_another_tool(void **state)
{
	struct world *w = world_new();
	char temporal[UUID_TEXT + 1], body[128];
	struct uuid obt = uuid_of(OBT);
	struct secret key;

	(void)state;
	uuid_format(device_uuid(w->dev), temporal);
	(void)snprintf(body, sizeof(body), "{\"deviceuuid\":\"%s\"}", temporal);
	assert_int_equal(multicast(w, "/oic/sec/doxm?Owned=FALSE"), V_CONTENT);
	assert_int_equal(multicast(w, "/oic/sec/doxm?Owned=TRUE"), V_IGNORE);
	assert_int_equal(post(w, CLEAR, NULL, "/oic/sec/doxm", "{\"oxmsel\":0}"), V_CHANGED);
	assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, "/oic/sec/pstat"), V_CONTENT);
	assert_true(body_has(w, "\"dos\":{\"p\":false,\"s\":1}"));
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"om\":4}"), V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/doxm", body), V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, "/oic/sec/csr"), V_CONTENT);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/cred",
			      "{\"rowneruuid\":\"" OBT "\",\"creds\":[{\"credtype\":1,"
			      "\"subjectuuid\":\"" OBT "\",\"privatedata\":{\"data\":"
			      "h'000102030405060708090a0b0c0d0e0f',"
			      "\"encoding\":\"oic.sec.encoding.raw\"}}]}"),
			 V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/doxm", "{\"devowneruuid\":\"" OBT "\"}"),
			 V_CHANGED);
	assert_int_equal(get(w, DOC, NULL, "/oic/sec/doxm"), V_CONTENT);
	assert_true(body_has(w, "\"devowneruuid\":\"" OBT "\""));
	expect_uuid(device_uuid(w->dev), temporal);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"rowneruuid\":\"" OBT "\"}"),
			 V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/acl2", "{\"rowneruuid\":\"" OBT "\"}"),
			 V_CHANGED);
	assert_int_equal(
		post(w, DOC, NULL, "/oic/sec/doxm", "{\"rowneruuid\":\"" OBT "\",\"owned\":true}"),
		V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"), V_CHANGED);

	assert_int_equal(svr_profile(w->dev), SVR_PROFILE_NORMAL);
	assert_true(svr_psk(w->dev, &obt, &w->env.wall, &key));
	assert_int_equal(key.b[15], 15);
	assert_int_equal(world_event(w, EV_DOC_OPEN, LATER), V_CHANGED);
	assert_int_equal(del(w, LATER, OBT, "/oic/sec/acl2"), V_DELETED);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/acl2",
			      "{\"aclist2\":[{\"permission\":31,\"subject\":{\"uuid\":\"" OBT
			      "\"},\"resources\":[{\"href\":\"/oic/sec/doxm\",\"if\":[\"*\"]},"
			      "{\"wc\":\"*\",\"if\":[\"*\"]}]}]}"),
			 V_CHANGED);
	assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":3}}"), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	assert_int_equal(device_dos(w->dev), DOS_RFNOP);
	assert_int_equal(get(w, LATER, OBT, "/oic/sec/doxm?owned=true"), V_CONTENT);
	world_free(w);
}

/* CR 2868: credential and access services of their own, with a credential each. */
static void svr_handle__serves_separate_services(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_owned(w);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/acl2", "{\"rowneruuid\":\"" OTHER "\"}"),
			 V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"),
			 V_BAD_REQUEST);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/cred",
			      "{\"creds\":[{\"credtype\":1,\"subjectuuid\":\"" OTHER
			      "\",\"privatedata\":{\"data\":h'000102030405060708090a0b0c0d0e0f',"
			      "\"encoding\":\"oic.sec.encoding.raw\"}}]}"),
			 V_CHANGED);
	assert_int_equal(post(w, DOC, NULL, "/oic/sec/pstat", "{\"dos\":{\"s\":2}}"), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	assert_int_equal(del(w, LATER, OTHER, "/oic/sec/acl2"), V_DELETED);
	assert_int_equal(del(w, LATER, OBT, "/oic/sec/acl2"), V_UNAUTHORIZED);
	assert_int_equal(post(w, LATER, OTHER, "/oic/sec/pstat", "{\"dos\":{\"s\":3}}"), V_CHANGED);
	assert_int_equal(device_dos(w->dev), DOS_RFNOP);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(svr_handle__follows_the_recorded_onboarding),
		cmocka_unit_test(svr_handle__takes_the_order_of_another_tool),
		cmocka_unit_test(svr_handle__serves_separate_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
