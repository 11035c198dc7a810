// Core subjects: those that a person names at a glance at 64 pixels, no two of a kind; the base model learns these.
import { listSubjects, type Subject } from './subjects.ts';

/** Few enough that an hour and a half on two cores shows each picture some hundred times. */
const names = `
  baby|child|boy|girl|man|woman|old man|old woman|health worker|student|teacher|judge|farmer|cook|mechanic|scientist|singer|artist|pilot|astronaut
  |firefighter|police officer|detective|guard|ninja|construction worker|prince|princess|santa claus|superhero|mage|fairy|vampire|mermaid|zombie|genie|elf
  |grinning face|thinking face|crying face|angry face|skull|ghost|alien|robot|red heart|blue heart|green heart
  |monkey|dog|cat|fox|lion|tiger|horse|unicorn|zebra|cow|pig|elephant|mouse|rabbit|bear|koala|panda|chicken|penguin|duck|owl|flamingo|parrot|frog
  |crocodile|turtle|snake|dragon|whale|dolphin|fish|shark|octopus|crab|snail|butterfly|honeybee|spider
  |rose|sunflower|tulip|cactus|mushroom|grapes|watermelon|lemon|banana|pineapple|pear|cherries|strawberry|tomato|avocado|eggplant|carrot|broccoli
  |bread|croissant|hamburger|pizza|egg|doughnut|cookie|cupcake|candy
  |mountain|volcano|desert|house|castle|church|tent|sunrise|sunset|cityscape|fountain|train|bus|taxi|automobile|tractor|bicycle|sailboat|ship|airplane|rocket
  |sun|star|cloud|rainbow|umbrella|snowman|fire|balloon|trophy|basketball|guitar|drum|crown|ring|bell|camera|television|books|key|hammer|door|chair|bed
  |glasses|t-shirt|dress
`.split('|').map((name) => name.trim());

/** The part of listSubjects() that the base model is trained on. */
export function listCoreSubjects(): Subject[] {
  const byName = new Map(listSubjects().map((subject) => [subject.name, subject]));
  return names.map((name) => {
    const subject = byName.get(name);
    if (!subject) throw new Error(`no style has a subject called '${name}'`);
    return subject;
  });
}
