/* ocf-fwupd/links: rtnetlink messages as the kernel sends them, and as it would not. */
#include "test.h"

#include <linux/rtnetlink.h>
#include <stdio.h>

#include "base/buf.h"
#include "daemons/ocf-fwupd/links.h"

#define SEQ 7

static void put_attribute(struct buf *b, unsigned short type, const void *data, size_t len)
{
	struct rtattr a = {.rta_len = (unsigned short)(sizeof(a) + len), .rta_type = type};

	buf_put(b, span_of(&a, sizeof(a)));
	buf_put(b, span_of(data, len));
	while (b->len % 4 != 0)
		buf_put_byte(b, 0);
}

/* One message; its body is taken from `body`, which is emptied. */
static void put_message(struct buf *b, unsigned short type, unsigned short flags, uint32_t seq,
			struct buf *body)
{
	struct nlmsghdr h = {.nlmsg_len = (uint32_t)(sizeof(h) + body->len),
			     .nlmsg_type = type,
			     .nlmsg_flags = flags,
			     .nlmsg_seq = seq};

	buf_put(b, span_of(&h, sizeof(h)));
	buf_put(b, buf_span(body));
	buf_reset(body);
	while (b->len % 4 != 0)
		buf_put_byte(b, 0);
}

static void put_link(struct buf *b, int index, const char *name)
{
	struct buf body = BUF_INIT(1000);
	struct ifinfomsg head = {.ifi_index = index};

	buf_put(&body, span_of(&head, sizeof(head)));
	put_attribute(&body, IFLA_IFNAME, name, strlen(name) + 1);
	put_message(b, RTM_NEWLINK, NLM_F_MULTI, SEQ, &body);
	buf_done(&body);
}

static void put_route(struct buf *b, uint32_t index, uint32_t metric, uint8_t bits, uint8_t table)
{
	struct buf body = BUF_INIT(1000);
	struct rtmsg head = {.rtm_dst_len = bits, .rtm_table = table, .rtm_type = RTN_UNICAST};

	buf_put(&body, span_of(&head, sizeof(head)));
	put_attribute(&body, RTA_OIF, &index, sizeof(index));
	put_attribute(&body, RTA_PRIORITY, &metric, sizeof(metric));
	put_message(b, RTM_NEWROUTE, NLM_F_MULTI, SEQ, &body);
	buf_done(&body);
}

static void put_dnssl(struct buf *b, int index, uint8_t life_s, struct span names)
{
	uint8_t units = (uint8_t)((8 + names.len + 7) / 8);
	struct buf body = BUF_INIT(1000);
	struct nduseroptmsg head = {.nduseropt_family = 10,
				    .nduseropt_opts_len = (unsigned short)(units * 8),
				    .nduseropt_ifindex = index,
				    .nduseropt_icmp_type = 134};
	const uint8_t option[8] = {31, units, 0, 0, 0, 0, 0, life_s};

	buf_put(&body, span_of(&head, sizeof(head)));
	buf_put(&body, span_of(option, sizeof(option)));
	buf_put(&body, names);
	while (body.len % 8 != 0)
		buf_put_byte(&body, 0);
	put_message(b, RTM_NEWNDUSEROPT, 0, 0, &body);
	buf_done(&body);
}

static void links_read__knows_links_and_their_best_default_route(void **state)
{
	struct buf b = BUF_INIT(4000), empty = BUF_INIT(16);
	struct links l = {0};

	(void)state;
	put_link(&b, 1, "lo");
	put_link(&b, 2, "eth0");
	put_link(&b, 3, "wlan0");
	put_link(&b, 4, "a-name-beyond-limit");
	put_route(&b, 3, 600, 0, RT_TABLE_MAIN);
	put_route(&b, 3, 1024, 0, RT_TABLE_MAIN);
	put_route(&b, 2, 100, 24, RT_TABLE_MAIN);
	put_route(&b, 2, 50, 0, 77);
	assert_int_equal(links_read(&l, buf_span(&b), SEQ, 0), 0);
	buf_reset(&b);
	put_message(&b, NLMSG_DONE, NLM_F_MULTI, SEQ, &empty);
	assert_int_equal(links_read(&l, buf_span(&b), SEQ, 0), LINKS_END);

	assert_int_equal(l.n, 3);
	assert_int_equal(links_by_name(&l, SPAN_LIT("wlan0"))->metric, 600);
	assert_int_equal(links_by_index(&l, 2)->metric, LINKS_NO_ROUTE);
	assert_string_equal(links_by_index(&l, 2)->name, "eth0");
	assert_null(links_by_index(&l, 4));
	assert_null(links_by_name(&l, SPAN_LIT("eth1")));
	assert_true(links_have_route(&l));
	assert_true(links_are_all(&l));
	buf_done(&b);
}

static void links_read__tells_of_changes_without_taking_them(void **state)
{
	struct buf b = BUF_INIT(4000);
	struct links l = {0};

	(void)state;
	put_link(&b, 2, "eth0");
	assert_int_equal(links_read(&l, buf_span(&b), SEQ + 1, 0), LINKS_CHANGED);
	assert_int_equal(l.n, 0);
	assert_false(links_have_route(&l));
	buf_done(&b);
}

static void links_read__keeps_what_routers_announce(void **state)
{
	static const struct {
		const char *name;
		struct span wire;
		const char *want; /* NULL: refused */
	} ROWS[] = {
		{"one name",         SPAN_LIT("\2v6\7example\4test"),  "v6.example.test"},
		{"the first of two", SPAN_LIT("\1a\4test\0\1b\4test"), "a.test"         },
		{"no name",          SPAN_LIT(""),                     NULL             },
		{"empty name",       SPAN_LIT("\0\0"),                 NULL             },
		{"cut",              SPAN_LIT("\7example"),            NULL             },
		{"compressed",       SPAN_LIT("\300\0"),               NULL             },
		{"dot in a label",   SPAN_LIT("\3a.b\4test"),          NULL             },
		{"NUL in a label",   SPAN_LIT("\3a\0b\4test"),         NULL             },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
		struct buf b = BUF_INIT(4000);
		struct links l = {0};
		struct buf wire = BUF_INIT(512);

		buf_put(&wire, ROWS[i].wire);
		if (i < 2)
			buf_put_byte(&wire, 0);
		put_dnssl(&b, 5, 60, buf_span(&wire));
		(void)links_read(&l, buf_span(&b), SEQ, 1000);
		if (l.n_announced != (ROWS[i].want ? 1 : 0))
			fail_msg("%s: %zu", ROWS[i].name, l.n_announced);
		if (ROWS[i].want) {
			assert_string_equal(l.announced[0].domain, ROWS[i].want);
			assert_int_equal(l.announced[0].index, 5);
			assert_int_equal(l.announced[0].until_us, 1000 + 60 * 1000000);
		}
		buf_done(&wire);
		buf_done(&b);
	}
}

static void links_read__has_limits(void **state)
{
	struct buf b = BUF_INIT(100000);
	struct links l = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "e%d", i);
		put_link(&b, i + 1, name);
		put_dnssl(&b, i + 1, 60, SPAN_LIT("\1a\4test\0"));
		put_dnssl(&b, 1, 30, SPAN_LIT("\1b\4test\0"));
	}
	(void)links_read(&l, buf_span(&b), SEQ, 0);
	assert_int_equal(l.n, LINKS_MAX);
	assert_false(links_are_all(&l)); /* some had no room */
	assert_int_equal(l.n_announced, DISCOVER_DOMAINS_MAX);
	assert_string_equal(l.announced[0].domain, "b.test"); /* the newer one of that link */
	assert_int_equal(l.announced[0].until_us, 30 * 1000000);
	buf_done(&b);
}

static bool is_announced(const struct links *l, uint32_t index)
{
	for (size_t i = 0; i < l->n_announced; i++)
		if (l->announced[i].index == index)
			return true;
	return false;
}

/* Fills the table: one announcement holds for a second, the others for a minute. */
static void announce_on_all(struct links *l)
{
	struct buf b = BUF_INIT(100000);

	for (int i = 1; i <= (int)DISCOVER_DOMAINS_MAX; i++)
		put_dnssl(&b, i, i == 3 ? 1 : 60, SPAN_LIT("\1a\4test\0"));
	(void)links_read(l, buf_span(&b), SEQ, 0);
	assert_int_equal(l->n_announced, DISCOVER_DOMAINS_MAX);
	buf_done(&b);
}

static void links_read__puts_news_in_the_place_of_what_ran_out(void **state)
{
	struct buf b = BUF_INIT(1000);
	struct links l = {0};

	(void)state;
	announce_on_all(&l);
	put_dnssl(&b, 100, 60, SPAN_LIT("\1b\4test\0"));
	(void)links_read(&l, buf_span(&b), SEQ, 999999);
	assert_false(is_announced(&l, 100));
	(void)links_read(&l, buf_span(&b), SEQ, 1000000);
	assert_true(is_announced(&l, 100));
	assert_false(is_announced(&l, 3));
	assert_int_equal(l.n_announced, DISCOVER_DOMAINS_MAX);
	buf_done(&b);
}

static void links_drop_gone__gives_the_room_of_links_that_vanished(void **state)
{
	struct buf b = BUF_INIT(1000);
	struct links l = {0};

	(void)state;
	announce_on_all(&l);
	links_drop_gone(&l); /* no link is known: nothing is known of those that are gone */
	assert_int_equal(l.n_announced, DISCOVER_DOMAINS_MAX);
	put_link(&b, 2, "e2");
	put_link(&b, 5, "e5");
	put_dnssl(&b, 100, 60, SPAN_LIT("\1b\4test\0"));
	(void)links_read(&l, buf_span(&b), SEQ, 0);
	links_drop_gone(&l);
	assert_int_equal(l.n_announced, 2);
	assert_true(is_announced(&l, 2) && is_announced(&l, 5));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_read__knows_links_and_their_best_default_route),
		cmocka_unit_test(links_read__tells_of_changes_without_taking_them),
		cmocka_unit_test(links_read__keeps_what_routers_announce),
		cmocka_unit_test(links_read__has_limits),
		cmocka_unit_test(links_read__puts_news_in_the_place_of_what_ran_out),
		cmocka_unit_test(links_drop_gone__gives_the_room_of_links_that_vanished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
