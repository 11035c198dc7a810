// The prompts that ship with the service: short names for styleforge-mini, and scenes with persons and places for Stable Diffusion.

const lines = (text: string): string[] =>
  text
    .split(/[|\n]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** The hundred subjects that styleforge-mini generates best, by the names in its training. */
export const MINI_PROMPTS = lines(`
  baby|boy|man|old man|police officer|teacher|farmer|construction worker|scientist|pilot|firefighter|detective|ninja|prince|santa claus|woman|princess|superhero|old woman|astronaut
  thinking face|angry face|ghost|robot|blue heart
  monkey|cat|lion|horse|tiger|pig|mouse|bear|panda|penguin|owl|duck|frog|turtle|dragon|dolphin|shark|crab|butterfly|octopus|fox|elephant
  rose|tulip|mushroom|watermelon|banana|pear|strawberry|avocado|carrot|sunflower|cactus|pineapple|cherries
  bread|hamburger|lemon|cupcake|broccoli|tomato|pizza|doughnut
  mountain|sunrise|castle|tent|sailboat|camera|bus|automobile|bicycle|ship|rocket|volcano|house|church|train|airplane
  sun|cloud|umbrella|fire|trophy|guitar|crown|bell|television|key|door|books|star|rainbow|snowman|balloon
`);

const PERSONS = `
  a young woman reading a letter by a window
  an old fisherman mending a net
  a boy flying a kite on a hill
  a girl with a red umbrella in the rain
  a man playing a violin on a street corner
  a woman in a long green coat
  two friends laughing on a park bench
  a baker holding a tray of bread
  a dancer in the middle of a jump
  a portrait of a grandmother with grey hair
  a portrait of a bearded man with a hat
  a child hugging a large dog
  a scientist looking into a microscope
  a knight in shining armour
  a farmer carrying a basket of apples
  a woman riding a bicycle through a town
  a man asleep in an armchair
  a sailor at the wheel of a ship
  a mother holding her baby
  a painter in front of an easel
  a couple dancing under lanterns
  a boy reading under a tree
  a girl blowing soap bubbles
  a cook tossing vegetables in a pan
  a woman with long curly hair smiling
  a man in a suit checking his watch
  a shepherd with his sheep
  a pianist at a grand piano
  a gardener watering flowers
  a runner crossing a finish line
  a monk walking along a corridor
  a princess on a balcony
  an astronaut standing on the moon
  a doctor listening to a patient
  a carpenter planing a board
  a woman drinking coffee in a café
  a man rowing a small boat
  a group of children around a campfire
  a girl with freckles and braids
  a tired traveller with a backpack
  a blacksmith hammering glowing iron
  a nurse in a white uniform
  an elderly couple holding hands
  a boy building a sandcastle
  a swimmer diving into a pool
  a woman wearing a flower crown
  a wizard with a glowing staff
  a firefighter climbing a ladder
  a student asleep over books
  a musician tuning a guitar
  a man walking a dog in the snow
  a seamstress at a sewing machine
  a pilot in front of a propeller plane
  a girl feeding pigeons in a square
  a juggler at a fair
  a queen on a throne
  a climber on a steep wall
  a woman looking over her shoulder
  a man shouting with joy
  a child peeking around a door
  a skater on a frozen lake
  a photographer kneeling in the grass
  a barber cutting hair
  a fortune teller with a crystal ball
  a detective under a street lamp
  a ballerina tying her shoes
  a mechanic under the hood of a car
  a lighthouse keeper with a lantern
  a girl on a swing
  a boxer in the ring
  a woman playing the cello
  a man in a yellow raincoat
  a beekeeper lifting a honeycomb
  a teacher writing on a blackboard
  a cowboy leaning on a fence
  a pirate with an eye patch
  a family having a picnic
  a postman with a bag of letters
  a girl with glasses holding a cat
  a hunter and his falcon
  a toddler taking first steps
  a singer at an old microphone
  a waiter carrying plates
  a hiker looking at a map
  a woman in a kimono with a fan
  a man with a parrot on his shoulder
  an explorer in front of a ruined temple
  a clown with a sad face
  a potter at the wheel
  a surfer carrying a board
  a librarian on a ladder
  a boy with a paper boat
  a bride and groom under an arch
  a watchmaker with a magnifying glass
  a woman lighting candles
  a chess player thinking hard
  a ranger on horseback
  a fisherwoman selling fish
  a robot shaking hands with a man
  a portrait of a woman in profile
`;

const BACKGROUNDS = `
  a village street in the evening
  a castle on a cliff above the sea
  a forest path in autumn
  a harbour full of sailing boats
  snow-covered mountains at dawn
  a wooden bridge over a stream
  a field of sunflowers
  a city skyline at night
  a lighthouse in a storm
  a quiet lake with a rowing boat
  a market square with colourful stalls
  a desert with a caravan
  a waterfall in the jungle
  a railway station with a steam train
  a small house at the edge of a wood
  a beach with palm trees at sunset
  a vineyard on rolling hills
  a narrow alley with laundry overhead
  a windmill beside a canal
  an old library with tall shelves
  a cathedral seen from below
  a garden with a stone fountain
  a frozen river in winter
  a cherry tree in bloom
  a country road after the rain
  a volcano with a plume of smoke
  a ruined abbey in the fog
  a rooftop view over red tiles
  a cosy kitchen with a wood stove
  a greenhouse full of plants
  an island in a calm bay
  a barn in a wheat field
  a stone staircase covered with moss
  a coffee shop on a rainy street
  a cave with glittering crystals
  a pine forest under the northern lights
  a fishing village on stilts
  a train crossing a tall viaduct
  a bamboo grove with a path
  a park with autumn leaves
  a temple on a mountain top
  rice terraces in the morning mist
  a canyon with a winding river
  a snowed-in cabin with lit windows
  a bustling night market
  a spaceship above a strange planet
  a clock tower in a town square
  a stormy sea with high waves
  a meadow full of wild flowers
  a bedroom with a view of the mountains
  an abandoned factory
  a fountain in a palace courtyard
  a tree house in a giant oak
  a glacier meeting the ocean
  a street with tram lines
  a bookshop with a cat in the window
  an orchard with ripe apples
  a pagoda reflected in a pond
  a hot-air balloon over fields
  a circus tent at dusk
  a lonely tree on a hill
  a coral reef with fish
  a pier stretching into the water
  a gate in an old city wall
  a swamp with twisted trees
  a moonlit road through the hills
  a workshop full of tools
  a row of coloured houses by a canal
  a dam in a mountain valley
  an observatory under the stars
  a hedge maze seen from above
  a boat stranded on the sand
  a bridge in heavy fog
  a farm with cows and a tractor
  an underground station
  a cliff with seabirds
  a rose garden with a bench
  a snowy street with lanterns
  an oasis between dunes
  a music room with a harp
  a bay with fishing nets drying
  a mill by a waterfall
  an attic with old trunks
  a mountain pass with a stone hut
  a skyscraper seen from the street
  a river delta from the air
  a tulip field with a windmill
  a harbour crane at sunset
  a jungle temple overgrown with vines
  a tea house beside a pond
  a football field in the rain
  a suspension bridge at night
  a kitchen table with bread and fruit
  a vase of flowers on a windowsill
  a red car on a coastal road
  a white horse in a meadow
  a cat asleep on a sofa
  an owl on a branch
  a deer at the edge of a forest
  a ship in a bottle on a shelf
`;

export const GENERAL_PROMPTS = [...lines(PERSONS), ...lines(BACKGROUNDS)];
