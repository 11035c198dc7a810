// Core subjects: those that a person names at a glance at 64 pixels, one of each kind of look-alike; the base model learns these.
import { listSubjects, type Subject } from './subjects.ts';

/** Short names among them that are look-alikes of another, or that a 64-pixel picture does not tell. */
const unclear = new Set(`
  bald person|older person|deaf person|deaf man|deaf woman|breast-feeding|mrs. claus|mx claus|pregnant man|pregnant person|merperson|technologist
  |factory worker|office worker|merman|troll|selfie|handshake
  |upside-down face|melting face|star-struck|zany face|saluting face|expressionless face|smirking face|unamused face|grimacing face|face exhaling
  |shaking face|relieved face|pensive face|sleepy face|drooling face|sneezing face|woozy face|confused face|worried face|hushed face|flushed face
  |pleading face|anguished face|fearful face|confounded face|persevering face|disappointed face|weary face|tired face|yawning face|enraged face
  |kissing cat|weary cat|pouting cat|hear-no-evil monkey|speak-no-evil monkey|sparkling heart|growing heart|beating heart|revolving hearts
  |heart decoration|heart exclamation|mending heart|pink heart|orange heart|brown heart|grey heart|white heart|hundred points|anger symbol|dizzy
  |sweat droplets|dashing away|hole|thought balloon|alien monster
  |wing|dodo|ewe|boar|bison|badger|otter|ox|rat|chipmunk|leopard|oyster|cricket|cockroach|fly|microbe|phoenix|goose|hyacinth|rosette|blossom|herb
  |llama|mammoth|squid|beaver|lime|custard|oden|fondue|tamale|falafel|burrito|flatbread|sake|mate|amphora|jar|salt|shortcake|beans|ice|dumpling
  |rock|hut|houses|kaaba|synagogue|foggy|fog|hotel|metro|station|tram|monorail|trolleybus|minibus|seat|ferry|stopwatch
  |sparkler|softball|lacrosse|joker|knot|sari|handbag|loudspeaker|pager|trackball|ledger|label|receipt|e-mail|memo|unlocked|clamp|link|alembic
  |crutch|x-ray|elevator|bubbles|hamsa|placard|chains|videocassette|pick|bookmark
`.split('|').map((name) => name.trim()));

/** Whole figures in motion that are worth their longer name. */
const figures = new Set(['person walking', 'person running', 'person biking', 'person swimming', 'person climbing', 'person surfing', 'woman dancing', 'man dancing']);

const wordsOf = (name: string): number => name.split(' ').length;

function isCore({ name, group, isPerson }: Subject): boolean {
  if (unclear.has(name)) return false;
  if (isPerson) return figures.has(name) || (wordsOf(name) <= 2 && !/^(man|woman|men|women|person|people) /.test(name));
  return wordsOf(name) <= (group === 'Smileys & Emotion' ? 2 : 1);
}

/** The part of listSubjects() that the base model is trained on. */
export function listCoreSubjects(): Subject[] {
  return listSubjects().filter(isCore);
}
