/* The turns of a fleet: supervisor/policy/turn.cpp against an API server that refuses a write of an old version (409),
 * loses answers, and lets everybody see endpoints late, while podmedic is killed, and Pods are deleted, at any moment.
 * Spin tries every interleaving (test/model/check.py). What must hold is design.md's invariant 8:
 *
 *   1. at most SLOTS replicas are out of traffic by podmedic's doing, one whose podmedic is dead included;
 *   2. nobody leaves while less than FLOOR others are in traffic.
 *
 * Time: one tick is what an answer of the API may take at most, or an endpoint to be seen. A Lease that did not change
 * for LEASE ticks on the own clock is free; its holder gives up one tick before. A real Lease lasts for minutes.
 *
 * Each MUTANT leaves out one rule of the protocol; each must be caught (also by check.py).
 */
#ifndef REPLICAS
#define REPLICAS 3
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef FLOOR
#define FLOOR 1
#endif
#ifndef KILLS
#define KILLS 1
#endif
#define LEASE 2
#define GIVES_UP (LEASE - 1)
#define NOBODY REPLICAS
#define NONE SLOTS

#define FORGETS_THE_VERSION 1     /* a write of an old version is not refused */
#define NEVER_GIVES_UP 2          /* a holder believes in its turn for ever */
#define COUNTS_WHAT_IT_FINDS 3    /* a Lease in the own name counts without having been renewed */
#define KEEPS_ITS_JUDGEMENT 4     /* what was found for an earlier leave does for the next one */
#define LOOKS_ONCE 5              /* with several slots, nothing is read again once one is taken */
#define IGNORES_HOLDERS 6         /* a holder whose endpoint is still seen counts as serving */
#ifndef MUTANT
#define MUTANT 0
#endif

byte holder_of[SLOTS];   /* the Leases, as the API server has them */

typedef copy {           /* what a replica knows of a Lease */
  bool known;            /* it was read, and no answer to a write of it was lost since */
  bool current;          /* nobody has written it since: a write will not be refused */
  bool fresh;            /* read in this look */
  byte holder;
  byte since;            /* ticks since this version was first seen */
};
typedef replica {
  bool alive;            /* its podmedic */
  bool gone;             /* its Pod is deleted */
  bool wants;            /* its probe fails */
  bool out;              /* of traffic */
  bool seen;             /* in traffic, by its endpoint */
  byte held;             /* the slot that it believes to hold, or NONE */
  byte renewed;          /* ticks since the API said so, up to GIVES_UP */
  bool judged;           /* nothing spoke against leaving, with the slot in hand */
  bool looking;
  bool looked;           /* the fleet was read in this look */
  byte others;           /* the endpoints in traffic that it read then, a bit each */
  byte writing;          /* the slot whose write is done and not answered, or NONE */
  byte wrote;            /* the holder that it wrote */
  bool late;             /* that answer has taken a tick */
};
replica pods[REPLICAS];
copy copies[REPLICAS * SLOTS];
byte kills, deletions;

#define me pods[i]
#define mine(slot) copies[i * SLOTS + (slot)]
#define HELD(p) (pods[p].held != NONE && (MUTANT == NEVER_GIVES_UP || pods[p].renewed < GIVES_UP))
#define IDLE (me.alive && !me.gone && me.writing == NONE && !unknown)
#define FREE(slot) (mine(slot).holder == NOBODY || mine(slot).holder == i || \
                    pods[mine(slot).holder % REPLICAS].gone || mine(slot).since >= LEASE)

inline mistrust(slot) {
  mine(slot).known = false; mine(slot).current = false; mine(slot).fresh = false;
  mine(slot).holder = NOBODY; mine(slot).since = 0
}

inline forget() {        /* with its process */
  for (s : 0 .. SLOTS - 1) { mistrust(s) }
  me.judged = false; me.looking = false; me.looked = false; me.others = 0;
  me.writing = NONE; me.wrote = NOBODY; me.late = false;
}

inline begin_look() {
  for (s : 0 .. SLOTS - 1) { mine(s).fresh = false }
  me.looked = false; me.others = 0; me.looking = true;
}

inline end_look() {
  for (s : 0 .. SLOTS - 1) { mine(s).fresh = false }
  me.looked = false; me.others = 0; me.looking = false;
}

/* GET of a Lease. */
inline read(slot) {
  if
  :: !mine(slot).known || !mine(slot).current -> mine(slot).since = 0
  :: else
  fi;
  mine(slot).known = true; mine(slot).current = true; mine(slot).fresh = true;
  mine(slot).holder = holder_of[slot];
  if
  :: mine(slot).holder == NOBODY || mine(slot).holder == i -> mine(slot).since = 0
  :: else
  fi;
  if
  :: holder_of[slot] == i && me.held == NONE ->
     me.held = slot; me.judged = false;
     me.renewed = (MUTANT == COUNTS_WHAT_IT_FINDS -> 0 : GIVES_UP)
  :: holder_of[slot] != i && me.held == slot -> me.held = NONE; me.judged = false
  :: else
  fi
}

/* PATCH of a Lease: the API server takes it, or refuses it at once. */
inline write(slot, name) {
  if
  :: mine(slot).current || MUTANT == FORGETS_THE_VERSION ->
     holder_of[slot] = name;
     for (p : 0 .. REPLICAS - 1) { copies[p * SLOTS + slot].current = false }
     mine(slot).current = true;
     me.writing = slot; me.wrote = name; me.late = false
  :: else ->
     mistrust(slot);
     me.judged = me.judged && me.held != NONE
  fi
}

inline hear() {
  mine(me.writing).known = true; mine(me.writing).fresh = me.looking; mine(me.writing).since = 0;
  mine(me.writing).holder = me.wrote;
  if
  :: me.wrote == i -> me.held = me.writing; me.renewed = 0
  :: me.wrote != i && me.held == me.writing -> me.held = NONE; me.judged = false
  :: else
  fi;
  me.writing = NONE; me.wrote = NOBODY; me.late = false
}

inline hear_nothing() {
  mistrust(me.writing);
  me.judged = me.judged && me.held != NONE;
  me.writing = NONE; me.wrote = NOBODY; me.late = false
}

inline read_fleet() {
  me.others = 0;
  for (p : 0 .. REPLICAS - 1) {
    if
    :: p != i && pods[p].seen -> me.others = me.others | (1 << p)
    :: else
    fi
  }
  me.looked = true
}

/* How many of the endpoints that it read stay in traffic, whatever the holders of the other slots do. */
inline count_spared() {
  for (s : 0 .. SLOTS - 1) {
    if
    :: mine(s).holder != NOBODY && mine(s).holder != i && MUTANT != IGNORES_HOLDERS ->
       me.others = me.others & ~(1 << mine(s).holder)
    :: else
    fi
  }
  n = 0;
  for (p : 0 .. REPLICAS - 1) { n = n + ((me.others >> p) & 1) }
}

inline find_unknown() {
  unknown = false;
  for (s : 0 .. SLOTS - 1) { unknown = unknown || !mine(s).known }
}

inline find_stale() {    /* that this look still has to read; its own is known by holding it */
  at = NONE;
  for (s : 0 .. SLOTS - 1) {
    if
    :: !mine(s).fresh && me.held != s -> at = s
    :: else
    fi
  }
}

inline find_free() {     /* the first that it comes to, each from another one */
  at = NONE;
  for (s : 0 .. SLOTS - 1) {
    if
    :: FREE(s) && (at == NONE || s == i % SLOTS) -> at = s
    :: else
    fi
  }
}

inline check_who_is_out() {
  n = 0;
  for (p : 0 .. REPLICAS - 1) { n = n + (pods[p].out && !pods[p].gone && HELD(p)) }
  assert(n <= SLOTS);
}

inline check_floor() {
  n = 0;
  for (p : 0 .. REPLICAS - 1) { n = n + (p != i && !pods[p].out) }
  assert(n >= FLOOR)
}

/* One replica: its podmedic's next request or answer, what happens to its Pod, and when it is seen. */
proctype pod(byte i) {
  byte s, p, n, at;
  bool unknown;
end:
  do
  :: d_step { me.alive && !me.gone && me.writing != NONE -> hear(); check_who_is_out(); p = 0; n = 0 }
  :: d_step { me.alive && !me.gone && me.writing != NONE -> hear_nothing() }
  :: d_step { me.alive && !me.gone && me.writing == NONE ->
       find_unknown();
       if
       :: unknown -> for (at : 0 .. SLOTS - 1) {
            if
            :: !mine(at).known -> read(at); break
            :: else
            fi
          }
       /* What it holds is of no use any more. */
       :: !unknown && me.held != NONE && !me.wants && !me.out ->
          me.judged = me.judged && MUTANT == KEEPS_ITS_JUDGEMENT;
          end_look();
          write(me.held, NOBODY)
       :: !unknown && me.held != NONE && (me.wants || me.out) && me.renewed > 0 -> write(me.held, i)
       :: !unknown && me.held != NONE && (me.wants || me.out) && me.renewed == 0 && !me.judged ->
          if
          :: !me.looking -> begin_look()
          :: else
          fi;
          find_stale();
          if
          :: at != NONE -> read(at)
          :: at == NONE && !me.looked -> read_fleet()
          :: else ->
             count_spared();
             end_look();
             if
             :: n >= FLOOR || me.out -> me.judged = true
             :: else -> write(me.held, NOBODY)
             fi
          fi
       :: !unknown && me.held == NONE && me.wants && !me.out ->
          if
          :: !me.looking -> begin_look()
          :: else
          fi;
          find_stale();
          if
          :: at != NONE -> read(at)
          :: else ->
             find_free();
             if
             :: at == NONE -> end_look()
             :: at != NONE && !me.looked -> read_fleet()
             :: else ->
                count_spared();
                end_look();
                if
                :: n >= FLOOR ->
                   me.judged = (SLOTS == 1 || MUTANT == LOOKS_ONCE);
                   write(at, i)
                :: else
                fi
             fi
          fi
       :: else
       fi
       check_who_is_out();
       s = 0; p = 0; n = 0; at = 0; unknown = false
     }
  :: d_step { me.alive && !me.gone && me.wants && !me.out && HELD(i) && me.judged ->
       me.out = true;
       check_floor();
       check_who_is_out();
       s = 0; p = 0; n = 0
     }
  :: d_step { me.alive && !me.gone && me.out && (!me.wants || !HELD(i)) -> me.out = false }
  :: d_step { me.alive && !me.gone -> me.wants = !me.wants }
  :: d_step { me.alive && !me.gone && kills < KILLS ->
       kills++; me.alive = false; forget(); s = 0
     }
  :: d_step { !me.alive && !me.gone -> me.alive = true; me.held = NONE; me.renewed = 0 }
  :: d_step { !me.gone && deletions == 0 ->
       deletions++; me.gone = true; me.alive = false; me.seen = false; me.held = NONE; me.renewed = 0; forget(); s = 0
     }
  :: d_step { !me.gone && me.seen == me.out -> me.seen = !me.out }
  od
}

#define SETTLED(p) (pods[p].gone || (pods[p].seen == !pods[p].out && (pods[p].writing == NONE || !pods[p].late)))

proctype time() {
  byte p, k;
  bool settled;
end:
  do
  :: d_step {
       settled = true;
       for (p : 0 .. REPLICAS - 1) { settled = settled && SETTLED(p) }
       if
       :: settled ->
          for (p : 0 .. REPLICAS - 1) {
            pods[p].late = (pods[p].writing != NONE);
            if
            :: pods[p].held != NONE && pods[p].renewed < GIVES_UP -> pods[p].renewed++
            :: else
            fi
          }
          for (k : 0 .. REPLICAS * SLOTS - 1) {
            if
            :: copies[k].holder != NOBODY && copies[k].holder != k / SLOTS && copies[k].since < LEASE -> copies[k].since++
            :: else
            fi
          }
       :: else
       fi;
       p = 0; k = 0; settled = false
     }
  od
}

init {
  byte p, k;
  d_step {
    for (k : 0 .. SLOTS - 1) { holder_of[k] = NOBODY }
    for (k : 0 .. REPLICAS * SLOTS - 1) { copies[k].holder = NOBODY }
    for (p : 0 .. REPLICAS - 1) {
      pods[p].alive = true; pods[p].seen = true; pods[p].held = NONE;
      pods[p].writing = NONE; pods[p].wrote = NOBODY
    }
    p = 0; k = 0
  }
  atomic {
    for (p : 0 .. REPLICAS - 1) { run pod(p) }
    run time()
  }
}
