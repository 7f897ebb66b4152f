#include "svr_fixture.h"

#define SECOND UINT64_C(1000000)
#define PIN    "{\"oxmsel\":1}"
#define DOXM   "/oic/sec/doxm"

static const char *const EVENTS[] = {
	[EV_DOC_OPEN] = "DOC_OPEN",
	[EV_CLOSED] = "CLOSED",
	[EV_PIN_FAILED] = "PIN_FAILED",
	[EV_CERT_FAILED] = "CERT_FAILED",
	[EV_PIN_EXPIRED] = "PIN_EXPIRED",
	[EV_WINDOW_CLOSED] = "WINDOW_CLOSED",
	[EV_RESET] = "RESET",
	[EV_RESET_DUE] = "RESET_DUE",
};

/* Stations of the device's life, by the letters of the table below. */
static struct world *world_at(char station)
{
	struct world *w = world_new();

	w->info.oxms[w->info.n_oxms++] = OXM_MFG_CERT;
	w->info.oxms[w->info.n_oxms++] = OXM_FIXED_PIN;
	strcpy(w->info.fixed_pin, "LABEL123");
	switch (station) {
	case 'i': /* idle */
		break;
	case 'j': /* Just Works selected */
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
		break;
	case 'p': /* Random PIN selected */
		assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
		break;
	case 'c': /* manufacturer certificate selected */
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":2}"), V_CHANGED);
		break;
	case 'f': /* fixed PIN selected */
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":65280}"), V_CHANGED);
		break;
	case 'd': /* DOC open, owned already */
		to_owned(w);
		break;
	case 'P': /* RFPRO, DOC still open */
		to_owned(w);
		to_state(w, DOS_RFPRO);
		break;
	case 'N':
		to_provisioned(w, DOS_RFNOP);
		break;
	case 'S':
		to_provisioned(w, DOS_SRESET);
		break;
	case 'R': /* RESET asked for by LATER */
		to_provisioned(w, DOS_RFNOP);
		assert_int_equal(post(w, LATER, OBT, "/oic/sec/pstat", "{\"dos\":{\"s\":0}}"),
				 V_CHANGED);
		break;
	default:
		fail();
	}
	return w;
}

/* What follows: x refused, - nothing, D the DOC opens, E its flag ends, s nothing selected
 * any more, r a RESET is pending, w wiped to RFOTM. */
static char outcome(const struct world *w, bool had_doc, enum oxm oxmsel, const struct uuid *before)
{
	if (w->out.verdict == V_BAD_REQUEST)
		return 'x';
	assert_int_equal(w->out.verdict, V_CHANGED);
	if (!uuid_eq(device_uuid(w->dev), before))
		return 'w';
	if (w->out.effects & FX_RESET_WAIT)
		return 'r';
	if (oxmsel != device_oxmsel(w->dev))
		return 's';
	if (had_doc != device_doc_open(w->dev))
		return had_doc ? 'E' : 'D';
	assert_int_equal(w->out.effects, 0);
	return '-';
}

static void svr_event__fits_the_state(void **state)
{
	static const char STATIONS[] = "ijpcfdPNSR";
	static const struct {
		enum svr_event event;
		uint64_t session;
		char want[sizeof(STATIONS)];
	} CASES[] = {
		{EV_DOC_OPEN,      DOC,      "xDDDDx---x"},
		{EV_CLOSED,        DOC,      "-----wE---"},
		{EV_CLOSED,        LATER,    "---------w"},
		{EV_CLOSED,        STRANGER, "----------"},
		{EV_CLOSED,        0,        "----------"},
		{EV_PIN_FAILED,    0,        "--w-w-xxxx"},
		{EV_CERT_FAILED,   0,        "xxxwxxxxxx"},
		{EV_PIN_EXPIRED,   0,        "xxxxxxxxxx"}, /* none is due yet */
		{EV_WINDOW_CLOSED, 0,        "-ssss-----"},
		{EV_RESET,         0,        "wwwwwwrrrx"},
		{EV_RESET_DUE,     0,        "xxxxxxxxxw"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		for (size_t s = 0; STATIONS[s]; s++) {
			struct world *w = world_at(STATIONS[s]);
			struct uuid before = *device_uuid(w->dev);
			bool had_doc = device_doc_open(w->dev);
			enum oxm oxmsel = device_oxmsel(w->dev);
			char got;

			(void)world_event(w, CASES[i].event, CASES[i].session);
			got = outcome(w, had_doc, oxmsel, &before);
			if (got != CASES[i].want[s])
				fail_msg("%s(%d) at '%c': got '%c', want '%c'",
					 EVENTS[CASES[i].event], (int)CASES[i].session, STATIONS[s],
					 got, CASES[i].want[s]);
			world_free(w);
		}
}

static void svr_event__wipes_an_unfinished_transfer(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_owned(w);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_CLOSE_ALL | FX_REKEY);
	assert_false(w->out.store); /* nothing was durable */
	assert_int_equal(device_dos(w->dev), DOS_RFOTM);
	assert_false(device_owned(w->dev));
	assert_int_equal(device_oxmsel(w->dev), OXM_NONE);
	assert_int_equal(w->dev->n_creds, 0);
	assert_int_equal(multicast(w, DOXM "?owned=false"), V_CONTENT); /* found again */
	world_free(w);
}

static void svr_event__opens_one_doc(void **state)
{
	struct world *w = world_at('p');

	(void)state;
	w->dev->pin.failures = 2;
	assert_int_equal(svr_profile(w->dev), SVR_PROFILE_PIN);
	assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_PIN_HIDE | FX_CLOSE_OTHERS);
	assert_int_equal(device_doc(w->dev), DOC);
	assert_null(device_pin(w->dev)); /* it did its work */
	assert_int_equal(device_pin_deadline(w->dev), UINT64_MAX);
	assert_int_equal(w->dev->pin.failures, 0);
	assert_int_equal(svr_profile(w->dev), SVR_PROFILE_NONE); /* silence for all others */
	assert_int_equal(world_event(w, EV_DOC_OPEN, STRANGER), V_BAD_REQUEST);
	assert_int_equal(device_doc(w->dev), DOC);
	world_free(w);
}

static void svr_event__expires_a_pin(void **state)
{
	struct world *w = world_at('p');
	struct uuid before = *device_uuid(w->dev);

	(void)state;
	assert_int_equal(device_pin_deadline(w->dev), w->env.now_us + 600 * SECOND);
	w->env.now_us += 600 * SECOND - 1;
	assert_int_equal(world_event(w, EV_PIN_EXPIRED, 0), V_BAD_REQUEST);
	w->env.now_us += 1;
	assert_int_equal(world_event(w, EV_PIN_EXPIRED, 0), V_CHANGED);
	assert_true(w->out.effects & FX_PIN_HIDE);
	assert_null(device_pin(w->dev));
	assert_int_equal(device_oxmsel(w->dev), OXM_NONE);
	assert_int_equal(svr_profile(w->dev), SVR_PROFILE_NONE);
	assert_true(uuid_eq(device_uuid(w->dev), &before)); /* no RESET */
	world_free(w);
}

/* After three wrong PINs in a row: 10 s, doubling to 10 min, over all the resets. */
static void svr_event__slows_down_guessing(void **state)
{
	static const unsigned WAITS[] = {0, 0, 10, 20, 40, 80, 160, 320, 600, 600};
	struct world *w = world_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WAITS); i++) {
		assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
		assert_int_equal(world_event(w, EV_PIN_FAILED, 0), V_CHANGED);
		assert_int_equal(device_oxmsel(w->dev), OXM_NONE);
		if (WAITS[i] == 0)
			continue;
		assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_UNAVAILABLE);
		assert_null(device_pin(w->dev));
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
		w->env.now_us += WAITS[i] * SECOND - 1;
		assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_UNAVAILABLE);
		w->env.now_us += 1;
	}
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
	assert_int_equal(world_event(w, EV_DOC_OPEN, DOC), V_CHANGED); /* the right one */
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
	assert_int_equal(world_event(w, EV_PIN_FAILED, 0), V_CHANGED);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED); /* counted anew */
	world_free(w);
}

/* What is counted is kept over a restart, which begins the wait anew. */
static void device_pin_resume__goes_on_counting(void **state)
{
	struct world *w = world_new();

	(void)state;
	device_pin_resume(w->dev, 2, w->env.now_us);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
	assert_int_equal(world_event(w, EV_PIN_FAILED, 0), V_CHANGED);
	assert_int_equal(device_pin_failures(w->dev), 3);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_UNAVAILABLE);
	assert_null(world_start(w));
	device_pin_resume(w->dev, 4, w->env.now_us);
	w->env.now_us += 20 * SECOND - 1;
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_UNAVAILABLE);
	w->env.now_us += 1;
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
	device_pin_resume(w->dev, UINT32_MAX, w->env.now_us); /* a damaged record, say */
	w->env.now_us += 600 * SECOND;
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
	world_free(w);
}

static void window__closed_takes_no_owner(void **state)
{
	struct world *w = world_new();

	(void)state;
	w->info.window_closed = true;
	assert_int_equal(multicast(w, DOXM), V_IGNORE);
	assert_int_equal(multicast(w, DOXM "?owned=false"), V_IGNORE);
	assert_int_equal(multicast(w, "/oic/res"), V_CONTENT);
	assert_int_equal(get(w, CLEAR, NULL, DOXM), V_CONTENT);
	assert_int_equal(get(w, CLEAR, NULL, "/oic/sec/pstat"), V_CONTENT);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_UNAVAILABLE);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_UNAVAILABLE);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":7}"), V_BAD_REQUEST);
	w->info.window_closed = false;
	assert_int_equal(multicast(w, DOXM), V_CONTENT);
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
	w->info.window_closed = true;
	assert_int_equal(world_event(w, EV_WINDOW_CLOSED, 0), V_CHANGED);
	assert_int_equal(w->out.effects, FX_SIGNAL | FX_PIN_HIDE | FX_CLOSE_OTHERS | FX_REKEY);
	assert_null(device_pin(w->dev));
	world_free(w);
}

/* The window closes behind a transfer under way, which may end. */
static void window__closing_disturbs_no_transfer(void **state)
{
	struct world *w = world_new();

	(void)state;
	to_doc(w);
	w->info.window_closed = true;
	assert_int_equal(world_event(w, EV_WINDOW_CLOSED, 0), V_CHANGED);
	assert_int_equal(device_doc(w->dev), DOC);
	assert_int_equal(post(w, DOC, NULL, DOXM, "{\"devowneruuid\":\"" OBT "\"}"), V_CHANGED);
	assert_int_equal(world_event(w, EV_CLOSED, DOC), V_CHANGED); /* but has no second try */
	assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_UNAVAILABLE);
	world_free(w);
}

/* Select, guess, and select another method before the guess has failed: it counts all the same. */
static void svr_event__counts_every_guess(void **state)
{
	struct world *w = world_new();

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_CHANGED);
		assert_int_equal(post(w, CLEAR, NULL, DOXM, "{\"oxmsel\":0}"), V_CHANGED);
		assert_int_equal(world_event(w, EV_PIN_FAILED, 0), V_CHANGED);
		assert_int_equal(device_oxmsel(w->dev), OXM_JUST_WORKS); /* nothing else happens */
	}
	assert_int_equal(post(w, CLEAR, NULL, DOXM, PIN), V_UNAVAILABLE);
	world_free(w);
}

static void svr_profile__follows_the_selected_method(void **state)
{
	static const struct {
		char station;
		enum svr_profile want;
	} CASES[] = {
		{'i', SVR_PROFILE_NONE  },
                {'j', SVR_PROFILE_ANON  },
                {'p', SVR_PROFILE_PIN   },
		{'c', SVR_PROFILE_MFG   },
                {'f', SVR_PROFILE_PIN   },
                {'d', SVR_PROFILE_NONE  },
		{'P', SVR_PROFILE_NORMAL},
                {'N', SVR_PROFILE_NORMAL},
                {'S', SVR_PROFILE_NORMAL},
		{'R', SVR_PROFILE_NONE  },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct world *w = world_at(CASES[i].station);

		assert_int_equal(svr_profile(w->dev), CASES[i].want);
		w->info.window_closed = true; /* shut to those who would own it, not to its peers */
		assert_int_equal(svr_profile(w->dev), CASES[i].want == SVR_PROFILE_NORMAL
							      ? SVR_PROFILE_NORMAL
							      : SVR_PROFILE_NONE);
		world_free(w);
	}
}

static void svr_psk__knows_peers_with_a_credential(void **state)
{
	struct world *w = world_at('N');
	struct uuid obt = uuid_of(OBT), other = uuid_of(OTHER), nil = {{0}};
	struct secret key = {0};

	(void)state;
	assert_true(svr_psk(w->dev, &obt, &w->env.wall, &key));
	assert_int_equal(key.len, 16);
	assert_false(svr_psk(w->dev, &other, &w->env.wall, &key));
	assert_false(svr_psk(w->dev, &nil, &w->env.wall, &key));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(svr_event__fits_the_state),
		cmocka_unit_test(svr_event__wipes_an_unfinished_transfer),
		cmocka_unit_test(svr_event__opens_one_doc),
		cmocka_unit_test(svr_event__expires_a_pin),
		cmocka_unit_test(svr_event__slows_down_guessing),
		cmocka_unit_test(svr_event__counts_every_guess),
		cmocka_unit_test(device_pin_resume__goes_on_counting),
		cmocka_unit_test(window__closed_takes_no_owner),
		cmocka_unit_test(window__closing_disturbs_no_transfer),
		cmocka_unit_test(svr_profile__follows_the_selected_method),
		cmocka_unit_test(svr_psk__knows_peers_with_a_credential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
