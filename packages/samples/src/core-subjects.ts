// Core subjects, which the base model learns: a person recognizes each at a glance at 64 pixels, and no two are of the same kind.
import { listSubjects, type Subject } from './subjects.ts';

/** Names of the core subjects: so few that training for 90 minutes on two cores shows each image several hundred times. */
const names = `
  baby|child|boy|girl|man|woman|old man|old woman|student|teacher|farmer|cook|scientist|artist|pilot|astronaut|firefighter|police officer|detective
  |guard|ninja|construction worker|prince|princess|santa claus|superhero|grinning face|thinking face|crying face|angry face|skull|ghost|alien|robot
  |red heart|blue heart|green heart|monkey|dog|cat|fox|lion|tiger|horse|unicorn|cow|pig|elephant|mouse|rabbit|bear|panda|chicken|penguin|duck|owl|frog
  |turtle|snake|dragon|whale|dolphin|fish|shark|octopus|crab|snail|butterfly|rose|sunflower|tulip|cactus|mushroom|grapes|watermelon|lemon|banana
  |pineapple|pear|cherries|strawberry|tomato|avocado|carrot|broccoli|bread|hamburger|pizza|doughnut|cupcake|mountain|volcano|house|castle|church|tent
  |sunrise|train|bus|taxi|automobile|bicycle|sailboat|ship|airplane|rocket|sun|star|cloud|rainbow|umbrella|snowman|fire|balloon|trophy|basketball
  |guitar|crown|bell|camera|television|books|key|hammer|door|glasses
`
  .split('|')
  .map((name) => name.trim());

/** The part of listSubjects() that the base model is trained on. */
export function listCoreSubjects(): Subject[] {
  const byName = new Map(listSubjects().map((subject) => [subject.name, subject]));
  return names.map((name) => {
    const subject = byName.get(name);
    if (!subject) throw new Error(`no style has a subject called '${name}'`);
    return subject;
  });
}
