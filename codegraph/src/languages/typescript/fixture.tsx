import { Item } from "./item";

interface Props { title: string }

export const List: React.FC<Props> = ({ title }: Props) => {
  const shown = useShown(title);
  return <Item title={shown}><Menu.Entry /></Item>;
};
